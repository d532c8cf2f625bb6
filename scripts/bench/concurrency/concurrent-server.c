/*
 * The other side of a benchmark of several invocations at once: starts one runtime, is its Runtime API, and measures.
 *
 *     concurrent-server [-c CPU,...] [-g FOLDER] POLLS CLIENTS EVENTS COMMAND [ARGUMENT...]
 *
 *     -c CPU,...   runs the command, and itself, on these CPUs only
 *     -g FOLDER    runs the command in the cgroup of that folder
 *
 * It starts COMMAND with AWS_LAMBDA_RUNTIME_API set and waits for POLLS requests for an invocation at once. Then so many
 * CLIENTS invoke, each as soon as it has its answer, until each line of the file EVENTS, an event, has been given once. What
 * no request waits for, waits: a latency is from when the client invokes to when its whole answer has arrived. It ends
 * the runtime with SIGKILL, and prints one line of JSON:
 *
 *     firstNextMs, allNextMs   from just before fork() to the first request for an invocation, and to POLLS of them
 *     startCpuMs, startPeakKiB CPU time of all threads of the runtime's process up to then, and VmHWM
 *     totalMs                  from the first invocation to the last answer
 *     cpuMs, serverCpuMs       CPU time of the runtime's process in this time, and of this program
 *     peakKiB                  VmHWM, the most memory that was resident, at the end
 *     invokedMs, answeredMs    of each event, in the order of the file: from the first invocation on
 *     answers                  of each event, what the runtime sent, one character for each byte
 *
 * Whatever a runtime of Lambda's would not send ends it with a line on stderr and the status 1: another path, an error, the
 * second answer to an invocation, what is not HTTP, an exit.
 */
#define CONNECTIONS 256
#include "../connections.h"

struct invocation {
  const char *event;
  uint64_t invoked, answered;
  char *answer;
  size_t answer_length;
  int is_given;
};

static struct invocation *invocations;
static long count;

/* Connections that wait for an invocation, the longest first. */
static int waiting[CONNECTIONS];
static int waiting_count;

static void read_events(const char *path) {
  FILE *file = fopen(path, "r");
  char *line = NULL;
  size_t size = 0;
  if (file == NULL) fail(path);
  while (getline(&line, &size, file) > 0) {
    invocations = realloc(invocations, (size_t)(count + 1) * sizeof *invocations);
    line[strcspn(line, "\n")] = 0;
    if (invocations == NULL || strlen(line) > 4096) fail("an event of at most 4 KiB");
    invocations[count++] = (struct invocation){.event = strdup(line)};
  }
  free(line);
  fclose(file);
}

/* Gives an invocation to the connection that has waited the longest. */
static void give(long number) {
  struct timespec wall;
  char reply[8192];
  const char *event = invocations[number].event;
  clock_gettime(CLOCK_REALTIME, &wall);
  int size = snprintf(reply, sizeof reply,
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
      "Lambda-Runtime-Aws-Request-Id: 3db41196-f442-11e8-a8b4-%012lx\r\n"
      "Lambda-Runtime-Deadline-Ms: %lld\r\n"
      "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:123456789012:function:work\r\n"
      "Lambda-Runtime-Trace-Id: Root=1-5c009745-36997a167a83da36a3c93059;Parent=62cea21b272ebe72;Sampled=0\r\n"
      "Content-Length: %zu\r\n\r\n%s",
      number, (long long)wall.tv_sec * 1000 + 60000, strlen(event), event);
  invocations[number].is_given = 1;
  send_all(waiting[0], reply, (size_t)size);
  memmove(waiting, waiting + 1, (size_t)--waiting_count * sizeof *waiting);
}

/* Of the invocation that is answered; -1 where it is no answer, or there was one. */
static long answered_number(const struct request *request) {
  static const char before[] = "POST /2018-06-01/runtime/invocation/3db41196-f442-11e8-a8b4-";
  const char *line = request->line;
  char *end;
  if (strncmp(line, before, sizeof before - 1) != 0) return -1;
  long number = strtol(line + sizeof before - 1, &end, 16);
  if (strncmp(end, "/response ", 10) != 0 || number < 0 || number >= count) return -1;
  return invocations[number].is_given && invocations[number].answered == 0 ? number : -1;
}

static void print_times(const char *name, uint64_t started, int is_answer) {
  printf(",\"%s\":[", name);
  for (long number = 0; number < count; number++) {
    uint64_t time = is_answer ? invocations[number].answered : invocations[number].invoked;
    printf("%s%.3f", number == 0 ? "" : ",", (double)(time - started) / 1e6);
  }
  putchar(']');
}

static void print_answers(void) {
  printf(",\"answers\":[");
  for (long number = 0; number < count; number++) {
    if (number > 0) putchar(',');
    print_escaped(invocations[number].answer, invocations[number].answer_length);
  }
  putchar(']');
}

int main(int argc, char **argv) {
  const char *group = NULL, *cpus = NULL;
  for (int option; (option = getopt(argc, argv, "+c:g:")) != -1;) {
    if (option == 'c') cpus = optarg;
    else if (option == 'g') group = optarg;
    else optind = argc; /* getopt has said what is wrong */
  }
  int polls = argc - optind < 4 ? 0 : atoi(argv[optind]), clients = polls <= 0 ? 0 : atoi(argv[optind + 1]);
  if (polls <= 0 || polls > CONNECTIONS || clients <= 0) {
    fprintf(stderr, "usage: concurrent-server [-c CPU,...] [-g FOLDER] POLLS CLIENTS EVENTS COMMAND [ARGUMENT...]\n");
    return 2;
  }
  read_events(argv[optind + 2]);
  if (cpus != NULL) pin_to(cpus);
  int listener = listen_for_runtime();

  uint64_t forked = now_ns(), first_next = 0, all_next = 0, last = 0, cpu_start = 0, own_start = 0;
  long long start_peak = 0;
  long invoked = 0, given = 0, answered = 0;
  start_runtime(listener, argv + optind + 3, group);
  while (answered < count) {
    struct request request;
    int connection = sockets[next_request(&request)].fd;
    long number = answered_number(&request);
    if (is_next(&request)) {
      if (waiting_count == CONNECTIONS) refuse("fewer requests for invocations at once", request.line);
      waiting[waiting_count++] = connection;
      if (first_next == 0) first_next = now_ns();
    } else if (number >= 0) {
      struct invocation *one = &invocations[number];
      last = one->answered = now_ns();
      one->answer = memcpy(malloc(request.body_length + 1), request.body, request.body_length);
      one->answer_length = request.body_length;
      send_all(connection, ACCEPTED, sizeof ACCEPTED - 1);
      answered += 1;
      if (invoked < count) invocations[invoked++].invoked = last;
    } else {
      refuse("a request for an invocation, or the response to a running one", request.line);
    }
    if (all_next == 0 && waiting_count == polls) {
      start_peak = peak_kib();
      cpu_start = cpu_ns();
      own_start = own_cpu_ns();
      all_next = now_ns();
      while (invoked < clients && invoked < count) invocations[invoked++].invoked = all_next;
    }
    while (given < invoked && waiting_count > 0) give(given++);
  }
  uint64_t cpu_end = cpu_ns(), own_end = own_cpu_ns();
  long long peak = peak_kib();
  end_runtime();
  printf("{\"firstNextMs\":%.3f,\"allNextMs\":%.3f,\"startCpuMs\":%.2f,\"startPeakKiB\":%lld,\"totalMs\":%.3f,\"cpuMs\":%.2f,"
         "\"serverCpuMs\":%.2f,\"peakKiB\":%lld",
      (double)(first_next - forked) / 1e6, (double)(all_next - forked) / 1e6, (double)cpu_start / 1e6, start_peak,
      (double)(last - all_next) / 1e6, (double)(cpu_end - cpu_start) / 1e6, (double)(own_end - own_start) / 1e6, peak);
  print_times("invokedMs", all_next, 0);
  print_times("answeredMs", all_next, 1);
  print_answers();
  printf("}\n");
  return 0;
}
