package dev.nocturne.training.dataset;

import java.io.IOException;
import java.util.List;

/** One kind of place where people keep captioned pictures. */
interface SampleReader {

    /**
     * Tells what is there, one after the other, in an order that is the same every time.
     *
     * @throws IOException if the place itself cannot be read; one bad sample is left out instead
     */
    void read(Sink sink) throws IOException;

    /** What is there, as one line that changes where the files do. */
    interface Stamps {
        void add(String file, String stamp);
    }

    /** Names every file on which the answer of {@link #read} depends, in the same order. */
    void stamps(Stamps stamps) throws IOException;

    /** Takes what a reader tells. */
    interface Sink {
        /**
         * @param file the picture's bytes where the reader has them; null: they are at their place
         * @param captions none where there is none
         */
        void sample(Place place, byte[] file, List<String> captions, Painted painted)
                throws IOException;

        void leftOut(String name, LeftOut why, String detail) throws IOException;
    }
}
