"""Takes what is posted to the port given, and appends it to the file given, a line of JSON each."""

import http.server
import json
import sys

port, path = int(sys.argv[1]), sys.argv[2]


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps({"body": body, "headers": dict(self.headers)}) + "\n")
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments):
        pass


http.server.HTTPServer(("127.0.0.1", port), Receiver).serve_forever()
