package dev.nocturne.standalone.simulation;

/** Captions of one partition that go through the stages together. */
final class Portion implements Comparable<Portion> {
    final int partition;
    final double captions;

    /** Work at the stage that has it; negative: not begun there. */
    double secondsLeft = -1;

    private long arrival; // at that stage

    Portion(int partition, double captions) {
        this.partition = partition;
        this.captions = captions;
    }

    /**
     * @param arrival grows with every one
     */
    void arrive(long arrival) {
        this.arrival = arrival;
        secondsLeft = -1;
    }

    /** The first to come is the first to be worked on. */
    @Override
    public int compareTo(Portion other) {
        return Long.compare(arrival, other.arrival);
    }
}
