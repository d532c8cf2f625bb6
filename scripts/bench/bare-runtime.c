/*
 * The least that a runtime can be: a blocking C loop over one socket that answers every invocation with `null`.
 * It shows what the benchmark's own server costs.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char reply[65536];

/* Reads one reply; those of the benchmark's server arrive in one piece. */
static ssize_t exchange(int connection, const char *request, size_t length) {
  if (write(connection, request, length) != (ssize_t)length) exit(1);
  ssize_t got = read(connection, reply, sizeof reply - 1);
  if (got <= 0) exit(0);
  reply[got] = 0;
  return got;
}

int main(void) {
  const char *api = getenv("AWS_LAMBDA_RUNTIME_API");
  const char *colon = api != NULL ? strchr(api, ':') : NULL;
  if (colon == NULL) return 1;
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(colon + 1)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int connection = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  if (connect(connection, (struct sockaddr *)&address, sizeof address) != 0) return 1;
  setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  char next[256], response[1024];
  int next_length = snprintf(next, sizeof next, "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: %s\r\n\r\n", api);
  for (;;) {
    exchange(connection, next, (size_t)next_length);
    const char *header = strstr(reply, "Request-Id: ");
    char id[64] = "";
    if (header == NULL || sscanf(header, "Request-Id: %63[^\r]", id) != 1) return 1;
    int length = snprintf(response, sizeof response,
        "POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: %s\r\nContent-Length: 4\r\n\r\nnull", id, api);
    exchange(connection, response, (size_t)length);
  }
}
