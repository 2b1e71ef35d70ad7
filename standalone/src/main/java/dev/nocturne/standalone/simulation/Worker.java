package dev.nocturne.standalone.simulation;

import java.util.PriorityQueue;

/** One worker of a stage in a run. */
final class Worker {
    final int stage;
    final PriorityQueue<Portion> waiting = new PriorityQueue<>();
    int partitions;
    boolean isUp;
    boolean isLost;
    Portion current; // null: idle
    double begunAt;

    Worker(int stage) {
        this.stage = stage;
    }
}
