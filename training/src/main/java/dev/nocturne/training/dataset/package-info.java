/**
 * People's own pictures: folders, tables and shards, gone through once into a list on disk, from
 * which each epoch takes every picture once. May touch {@code data}.
 */
package dev.nocturne.training.dataset;
