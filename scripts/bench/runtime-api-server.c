/*
 * The other side of a benchmark: starts one runtime, is its Runtime API, and measures.
 *
 *     runtime-api-server COUNT CHECKPOINT COMMAND [ARGUMENT...]
 *
 * It starts COMMAND with AWS_LAMBDA_RUNTIME_API set, serves it COUNT invocations one after the other, ends it with
 * SIGKILL, and prints one line of JSON:
 *
 *     firstNextMs, firstResponseMs   from just before fork() to when the whole request had arrived
 *     p50Us, p99Us                   from just before an event is written to when its whole response has been read
 *     perSecond                      invocations a second, from the first to the last, the first left out
 *     cpuMsStart, cpuMsCheckpoint,   CPU time of all threads of the runtime's process: up to its first response, from
 *     cpuMsAll                       there to CHECKPOINT invocations, and from there to COUNT
 *     peakKiB                        VmHWM at the end
 *
 * In C, with one poll, one read and one write for each request, so that what is measured is the runtime: what it takes
 * itself shows against the C runtime in bare-runtime.c. It serves several connections: AWS's client has two.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char EVENT[] = "{\"text\":\"Hello\"}";
static const char ACCEPTED[] =
    "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{\"status\":\"OK\"}\n";

static pid_t child;

static void fail(const char *what) {
  fprintf(stderr, "runtime-api-server: %s: %s\n", what, strerror(errno));
  if (child > 0) kill(child, SIGKILL);
  exit(1);
}

static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Nanoseconds of CPU that all threads of the runtime have used: the first number of each thread's schedstat. */
static uint64_t cpu_ns(void) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/task", (int)child);
  DIR *tasks = opendir(path);
  if (tasks == NULL) return 0;
  uint64_t total = 0;
  for (struct dirent *entry; (entry = readdir(tasks)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    char file[400];
    snprintf(file, sizeof file, "/proc/%d/task/%s/schedstat", (int)child, entry->d_name);
    FILE *stat = fopen(file, "r");
    unsigned long long spent = 0;
    if (stat != NULL && fscanf(stat, "%llu", &spent) == 1) total += spent;
    if (stat != NULL) fclose(stat);
  }
  closedir(tasks);
  return total;
}

static long peak_kib(void) {
  char path[64], line[256];
  snprintf(path, sizeof path, "/proc/%d/status", (int)child);
  FILE *status = fopen(path, "r");
  long peak = -1;
  while (status != NULL && fgets(line, sizeof line, status) != NULL) sscanf(line, "VmHWM: %ld", &peak);
  if (status != NULL) fclose(status);
  return peak;
}

static int compare(const void *a, const void *b) {
  uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
  return left < right ? -1 : left > right;
}

struct request {
  int is_next;
  char method_and_path[256];
};

#define MAX_CONNECTIONS 16

struct connection {
  size_t used;
  char buffer[1 << 16];
};

static struct pollfd sockets[1 + MAX_CONNECTIONS];
static struct connection connections[1 + MAX_CONNECTIONS];

/* Takes one whole request off what has arrived; returns 0 when there is none yet. */
static int take_request(struct connection *from, struct request *request) {
  char *buffer = from->buffer;
  size_t used = from->used;
  char *end = used > 0 ? memmem(buffer, used, "\r\n\r\n", 4) : NULL;
  if (end != NULL) {
    size_t head = (size_t)(end - buffer) + 4, body = 0;
    int chunked = 0;
    for (char *line = buffer; line < end;) {
      char *line_end = memmem(line, (size_t)(end + 2 - line), "\r\n", 2);
      if (strncasecmp(line, "content-length:", 15) == 0) body = strtoul(line + 15, NULL, 10);
      if (strncasecmp(line, "transfer-encoding:", 18) == 0) chunked = 1;
      line = line_end + 2;
    }
    size_t whole = head + body;
    if (chunked) {
      char *last = memmem(buffer + head, used - head, "\r\n0\r\n\r\n", 7);
      if (last == NULL && used - head >= 5 && memcmp(buffer + head, "0\r\n\r\n", 5) == 0) last = buffer + head - 2;
      whole = last == NULL ? used + 1 : (size_t)(last - buffer) + 7;
    }
    if (used >= whole) {
      size_t line = (size_t)((char *)memchr(buffer, '\r', used) - buffer);
      snprintf(request->method_and_path, sizeof request->method_and_path, "%.*s", (int)line, buffer);
      request->is_next = memcmp(buffer, "GET", 3) == 0;
      memmove(buffer, buffer + whole, used - whole);
      from->used = used - whole;
      return 1;
    }
  }
  if (used == sizeof from->buffer) {
    errno = EMSGSIZE;
    fail("a request is too long");
  }
  return 0;
}

/* Waits for a whole request; returns the place of its connection. */
static int next_request(struct request *request) {
  static int open_sockets = 1;
  for (;;) {
    int ready = poll(sockets, (nfds_t)open_sockets, 30000);
    if (ready <= 0) fail("the runtime asks for nothing");
    if (sockets[0].revents != 0 && open_sockets <= MAX_CONNECTIONS) {
      int on = 1, connection = accept4(sockets[0].fd, NULL, NULL, SOCK_CLOEXEC);
      if (connection < 0) fail("accept");
      setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      sockets[open_sockets] = (struct pollfd){.fd = connection, .events = POLLIN};
      connections[open_sockets++].used = 0;
    }
    for (int place = 1; place < open_sockets; place++) {
      if (sockets[place].revents == 0) continue;
      struct connection *connection = &connections[place];
      ssize_t got = read(sockets[place].fd, connection->buffer + connection->used, sizeof connection->buffer - connection->used);
      if (got <= 0) {
        close(sockets[place].fd);
        sockets[place].fd = -1; /* poll() passes over it */
        sockets[place].revents = 0;
        continue;
      }
      connection->used += (size_t)got;
      if (take_request(connection, request)) return place;
    }
  }
}

static void send_all(int connection, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t sent = write(connection, bytes, length);
    if (sent <= 0) fail("write");
    bytes += sent;
    length -= (size_t)sent;
  }
}

int main(int argc, char **argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: runtime-api-server COUNT CHECKPOINT COMMAND [ARGUMENT...]\n");
    return 2;
  }
  long count = atol(argv[1]), checkpoint = atol(argv[2]);
  signal(SIGPIPE, SIG_IGN);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  if (bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 16) != 0) fail("listen");
  getsockname(listener, (struct sockaddr *)&address, &length);
  char api[32];
  snprintf(api, sizeof api, "127.0.0.1:%d", ntohs(address.sin_port));
  setenv("AWS_LAMBDA_RUNTIME_API", api, 1);

  uint64_t *latencies = calloc((size_t)count, sizeof *latencies);
  uint64_t started = now_ns(), first_next = 0, first_response = 0, last_response = 0, given = 0;
  uint64_t cpu_start = 0, cpu_checkpoint = 0, cpu_end = 0;
  child = fork();
  if (child == 0) {
    execvp(argv[3], argv + 3);
    _exit(127);
  }
  if (child < 0) fail("fork");

  long given_count = 0, answered = 0;
  sockets[0] = (struct pollfd){.fd = listener, .events = POLLIN};
  while (answered < count) {
    struct request request;
    int connection = sockets[next_request(&request)].fd;
    if (request.is_next) {
      if (first_next == 0) first_next = now_ns();
      struct timespec wall;
      clock_gettime(CLOCK_REALTIME, &wall);
      char reply[1024];
      int size = snprintf(reply, sizeof reply,
          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
          "Lambda-Runtime-Aws-Request-Id: 3db41196-f442-11e8-a8b4-%012lx\r\n"
          "Lambda-Runtime-Deadline-Ms: %lld\r\n"
          "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:123456789012:function:echo\r\n"
          "Lambda-Runtime-Trace-Id: Root=1-5c009745-36997a167a83da36a3c93059;Parent=62cea21b272ebe72;Sampled=0\r\n"
          "Content-Length: %zu\r\n\r\n%s",
          given_count++, (long long)wall.tv_sec * 1000 + 3000, sizeof EVENT - 1, EVENT);
      given = now_ns();
      send_all(connection, reply, (size_t)size);
    } else if (strstr(request.method_and_path, "/response") != NULL) {
      last_response = now_ns();
      latencies[answered++] = last_response - given;
      if (answered == 1) {
        first_response = last_response;
        cpu_start = cpu_ns();
      }
      if (answered == checkpoint) cpu_checkpoint = cpu_ns();
      if (answered == count) cpu_end = cpu_ns();
      send_all(connection, ACCEPTED, sizeof ACCEPTED - 1);
    } else {
      fprintf(stderr, "runtime-api-server: the runtime sent %s\n", request.method_and_path);
      kill(child, SIGKILL);
      return 1;
    }
  }
  long peak = peak_kib();
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  qsort(latencies, (size_t)count, sizeof *latencies, compare);
  if (checkpoint <= 0 || checkpoint > count) cpu_checkpoint = cpu_start;
  double seconds = (double)(last_response - first_response) / 1e9;
  printf("{\"firstNextMs\":%.3f,\"firstResponseMs\":%.3f,\"p50Us\":%.1f,\"p99Us\":%.1f,\"perSecond\":%.0f,"
         "\"cpuMsStart\":%.2f,\"cpuMsCheckpoint\":%.2f,\"cpuMsAll\":%.2f,\"peakKiB\":%ld}\n",
      (double)(first_next - started) / 1e6, (double)(first_response - started) / 1e6,
      (double)latencies[count / 2] / 1e3, (double)latencies[count - 1 - count / 100] / 1e3,
      seconds > 0 ? (double)(count - 1) / seconds : 0, (double)cpu_start / 1e6,
      (double)(cpu_checkpoint - cpu_start) / 1e6, (double)(cpu_end - cpu_checkpoint) / 1e6, peak);
  return 0;
}
