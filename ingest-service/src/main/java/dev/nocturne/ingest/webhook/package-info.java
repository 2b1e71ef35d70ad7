/**
 * Ends of batches, posted to the operator's address. Their types follow from the terminal values of
 * {@code Job.Status}; an event of another kind begins in {@link
 * dev.nocturne.ingest.webhook.Webhooks}, has a type in {@link
 * dev.nocturne.ingest.webhook.WebhookEndpoints}, and stands in {@code openapi.json}. Touches {@code
 * job}.
 */
package dev.nocturne.ingest.webhook;
