package dev.nocturne.runtime;

/** What is asked of an S3 store, and the permission that it takes, by AWS's names. */
enum S3Action {
    LOOK_FOR_BUCKET("look for bucket", "s3:ListBucket"),
    CREATE_BUCKET("create bucket", "s3:CreateBucket"),
    LIST("list", "s3:ListBucket"),
    PUT("put", "s3:PutObject"),
    GET("get", "s3:GetObject"),
    STAT("stat", "s3:GetObject"),
    DELETE("delete", "s3:DeleteObject"),
    LINK("link", "s3:GetObject");

    private final String words;
    private final String permission;

    S3Action(String words, String permission) {
        this.words = words;
        this.permission = permission;
    }

    /** Of a key, or the bucket, for an error. */
    String of(String name) {
        return words + " " + name;
    }

    String permission() {
        return permission;
    }

    /** Stores tell those who may not list that they may not see an object that is not there. */
    boolean needsListToo() {
        return this == GET || this == STAT;
    }
}
