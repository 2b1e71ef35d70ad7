/**
 * {@code nocturne plan}: what a job needs, of measured rates and the sizes of real records. May
 * touch {@code terminal}, {@code option} and {@code simulation}.
 */
package dev.nocturne.standalone.plan;
