package dev.nocturne.training.evaluate;

import dev.nocturne.training.data.AskedScene;
import dev.nocturne.training.data.BasicColour;
import dev.nocturne.training.data.Drawing;
import dev.nocturne.training.data.Relation;
import dev.nocturne.training.data.Sprite;
import java.awt.image.BufferedImage;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** Whether pictures of two objects show what was asked for, each object in its half. */
public final class Scenes {
    private Scenes() {}

    /** What pictures show, as counts that add up over pictures. */
    sealed interface Finding permits Binding, Colours {
        /** How many halves or pictures there are of each kind, by its name, in words. */
        Map<String, Integer> counts();
    }

    /**
     * What pictures of some scenes show. A half shows the object that the judge chooses among the
     * objects of all these scenes.
     *
     * @param objects halves that show the object asked for in them, of twice {@code scenes}
     * @param both pictures that show both objects, each in either half
     * @param inPlace those of {@code both} that show each in the half asked for
     * @param towards pictures that are more like the scene than like the same with its objects
     *     exchanged; half of them by chance
     */
    public record Binding(int scenes, int objects, int both, int inPlace, int towards)
            implements Finding {

        /**
         * @param known the drawings that the judge may look at
         * @param captions of the objects of all scenes
         */
        static Binding of(
                Judge judge,
                Predicate<Drawing> known,
                Collection<String> captions,
                AskedScene scene,
                BufferedImage picture) {
            String first = scene.first().drawing().caption();
            String second = scene.second().drawing().caption();
            List<BufferedImage> halves = halves(picture, scene.relation());
            Judge.Likeness one = judge.of(halves.get(0), known);
            Judge.Likeness other = judge.of(halves.get(1), known);
            int objects = 0;
            objects += one.best(captions).equals(first) ? 1 : 0;
            objects += other.best(captions).equals(second) ? 1 : 0;
            boolean inPlace = objects == 2;
            boolean exchanged =
                    one.best(captions).equals(second) && other.best(captions).equals(first);
            boolean towards = one.to(first) + other.to(second) > one.to(second) + other.to(first);
            return new Binding(
                    1, objects, inPlace || exchanged ? 1 : 0, inPlace ? 1 : 0, towards ? 1 : 0);
        }

        Binding plus(Binding more) {
            return new Binding(
                    scenes + more.scenes,
                    objects + more.objects,
                    both + more.both,
                    inPlace + more.inPlace,
                    towards + more.towards);
        }

        @Override
        public Map<String, Integer> counts() {
            Map<String, Integer> counts = new LinkedHashMap<>();
            counts.put("objects", objects);
            counts.put("both in the picture", both);
            counts.put("in their places", inPlace);
            counts.put("halves nearer to their own objects", towards);
            return counts;
        }

        @Override
        public String toString() {
            return "objects %d of %d; both in a picture %d of %d, of these in their places %d; halves nearer to their own objects than to each other’s %d of %d"
                    .formatted(objects, 2 * scenes, both, scenes, inPlace, towards, scenes);
        }
    }

    /**
     * What colours pictures of some scenes have, by counting pixels.
     *
     * @param colours halves most of whose coloured pixels have the colour asked for, of twice
     *     {@code scenes}
     * @param exchanged halves most of whose coloured pixels have the other object's colour: with a
     *     model that knows the colours but not whose they are, as many as {@code colours}
     * @param both pictures with the right colour in both halves
     */
    public record Colours(int scenes, int colours, int exchanged, int both) implements Finding {

        static Colours of(AskedScene scene, BufferedImage picture) {
            int right = 0;
            int exchanged = 0;
            List<Sprite> asked = List.of(scene.first(), scene.second());
            List<BufferedImage> halves = halves(picture, scene.relation());
            for (int i = 0; i < 2; i++) {
                Optional<String> colour = colour(halves.get(i));
                right += colour.equals(asked.get(i).colour()) ? 1 : 0;
                exchanged += colour.equals(asked.get(1 - i).colour()) ? 1 : 0;
            }
            return new Colours(1, right, exchanged, right == 2 ? 1 : 0);
        }

        Colours plus(Colours more) {
            return new Colours(
                    scenes + more.scenes,
                    colours + more.colours,
                    exchanged + more.exchanged,
                    both + more.both);
        }

        @Override
        public Map<String, Integer> counts() {
            Map<String, Integer> counts = new LinkedHashMap<>();
            counts.put("colours", colours);
            counts.put("the other object's colour", exchanged);
            counts.put("both in the picture", both);
            return counts;
        }

        @Override
        public String toString() {
            return "colours %d of %d, the other object's colour %d; both in a picture %d of %d"
                    .formatted(colours, 2 * scenes, exchanged, both, scenes);
        }
    }

    /**
     * The half where the first object of a scene stands, and the other.
     *
     * @param relation of the first object to the second
     */
    static List<BufferedImage> halves(BufferedImage picture, Relation relation) {
        return List.of(half(picture, relation), half(picture, relation.converse()));
    }

    private static BufferedImage half(BufferedImage picture, Relation side) {
        int width = picture.getWidth();
        int height = picture.getHeight();
        return switch (side) {
            case LEFT_OF -> picture.getSubimage(0, 0, width / 2, height);
            case RIGHT_OF -> picture.getSubimage(width / 2, 0, width / 2, height);
            case ABOVE -> picture.getSubimage(0, 0, width, height / 2);
            case BELOW -> picture.getSubimage(0, height / 2, width, height / 2);
        };
    }

    private static Optional<String> colour(BufferedImage half) {
        int width = half.getWidth();
        int[] pixels = half.getRGB(0, 0, width, half.getHeight(), null, 0, width);
        return BasicColour.ofMost(pixels).map(BasicColour::word);
    }
}
