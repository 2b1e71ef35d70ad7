package dev.nocturne.ingest.rest;

/** What is wrong with a request that no resource takes, and what to do, by the answer's status. */
final class HttpProblems {

    private HttpProblems() {}

    static String code(int status) {
        return switch (status) {
            case 404 -> "unknown_url";
            case 405 -> "method_not_allowed";
            case 406 -> "not_acceptable";
            case 412 -> "precondition_failed";
            case 413 -> "too_large";
            case 415 -> "unsupported_media_type";
            case 416 -> "range_not_satisfiable";
            default -> status < 500 ? "bad_request" : "internal";
        };
    }

    static String message(int status) {
        return switch (status) {
            case 404 -> "there is nothing at this address: GET /v1/openapi.json describes the API";
            case 405 ->
                    "this address does not take this method: the header Allow names those that it takes";
            case 406 ->
                    "no answer has a type of the header Accept: leave it out, or see /v1/openapi.json";
            case 412 -> "the object is not the one that the request's conditions name";
            case 413 -> "the body is too large: send less at once";
            case 415 ->
                    "a body of this Content-Type is not taken here: /v1/openapi.json names those that are";
            case 416 ->
                    "the object ends before this range: ask for less, Content-Range has its size";
            default ->
                    status < 500
                            ? "the request cannot be read: see /v1/openapi.json for its form"
                            : "something is wrong in this service: its log has the reason, by the answer's x-request-id";
        };
    }
}
