/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * servers: run a server and a client of it, both as they come from the
 * distribution, and print the unit and how many requests or megabytes a second
 * the client saw.  Under the shim both are on the rump kernel's network.
 *
 * servers ROW: nginx, redis, redis_p16 or iperf3; idle_cpu is a server of our
 * own, and the CPU time it took for doing nothing.
 */
#include "bench/measure.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define IDLE_S   5
#define UP_NS    10000000000u /* a server that is not up by then */
#define BACKLOG  8
#define TRIES    100
#define CONF_MAX 2048

static char dir[64];  /* this run's own */
static char port[16]; /* free when it was looked for */
static struct sockaddr_in addr;

#define MUST(e) ((e) ? (void)0 : die("%s", #e))

static int
listener(void)
{
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	addr.sin_family = AF_INET;
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	addr.sin_port = 0;
	MUST(fd >= 0);
	MUST(bind(fd, (struct sockaddr *)&addr, len) == 0);
	MUST(listen(fd, BACKLOG) == 0);
	MUST(getsockname(fd, (struct sockaddr *)&addr, &len) == 0);
	return fd;
}

static void
choose_port(void)
{
	close(listener());
	snprintf(port, sizeof(port), "%d", ntohs(addr.sin_port));
}

static int
dial(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	MUST(fd >= 0);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Start a program; what it writes goes to *out, or nowhere. */
static pid_t
start(char *const argv[], FILE **out)
{
	int p[2], null;
	pid_t pid;

	MUST(pipe2(p, O_CLOEXEC) == 0);
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		dup2(null, STDIN_FILENO);
		dup2(out != NULL ? p[1] : null, STDOUT_FILENO);
		dup2(out != NULL ? STDERR_FILENO : null, STDERR_FILENO);
		execvp(argv[0], argv);
		dprintf(null, "%s", argv[0]);
		_exit(127);
	}
	close(p[1]);
	if (out != NULL)
		*out = fdopen(p[0], "r");
	else
		close(p[0]);
	return pid;
}

static void
stop(pid_t pid)
{
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

/* A server that takes connections. */
static pid_t
start_server(char *const argv[])
{
	uint64_t until = now_ns() + UP_NS;
	pid_t pid = start(argv, NULL);
	int fd;

	while ((fd = dial()) < 0) {
		if (waitpid(pid, NULL, WNOHANG) != 0 || now_ns() > until) {
			kill(pid, SIGKILL);
			errno = ETIMEDOUT;
			die("%s does not run", argv[0]);
		}
		usleep(1000);
	}
	close(fd);
	return pid;
}

/*
 * Run a client and look for lines with `before'; the number that follows it
 * in each line.  How many there were, at most max.
 */
static int
ask_client(char *const argv[], const char *before, double *found, int max)
{
	char line[512], *p;
	int n = 0, status;
	pid_t pid;
	FILE *f;

	pid = start(argv, &f);
	while (fgets(line, sizeof(line), f) != NULL) {
		p = strstr(line, before);
		if (p != NULL && n < max)
			found[n++] = atof(p + strlen(before));
	}
	fclose(f);
	MUST(waitpid(pid, &status, 0) == pid);
	return status == 0 ? n : 0;
}

static void
write_file(const char *name, const char *text, size_t len)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	MUST(fd >= 0);
	MUST(write(fd, text, len) == (ssize_t)len);
	close(fd);
}

static void
row_nginx(void)
{
	static char file[1024], conf[CONF_MAX], path[96], url[96];
	char *server[] = { "nginx", "-p", dir, "-c", path, "-e", "stderr",
		NULL };
	char *client[] = { "wrk", "-t1", "-c16", "-d2s", url, NULL };
	double rate;
	pid_t pid;

	memset(file, 'x', sizeof(file));
	write_file("1k", file, sizeof(file));
	snprintf(conf, sizeof(conf),
	    "daemon off; worker_processes 1; pid %s/pid; %s\n"
	    "events { worker_connections 256; }\n"
	    "http { access_log off; sendfile on; keepalive_requests 1000000000;"
	    "client_body_temp_path b; proxy_temp_path p;"
	    "fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;\n"
	    "server { listen 127.0.0.1:%s; root %s; } }\n",
	    dir, geteuid() == 0 ? "user root;" : "", port, dir);
	write_file("conf", conf, strlen(conf));
	snprintf(path, sizeof(path), "%s/conf", dir);
	snprintf(url, sizeof(url), "http://127.0.0.1:%s/1k", port);
	pid = start_server(server);
	MUST(ask_client(client, "Requests/sec:", &rate, 1) == 1);
	stop(pid);
	printf("req/s %.1f\n", rate);
}

static void
redis(char *requests, char *pipeline)
{
	char *server[] = { "redis-server", "--bind", "127.0.0.1", "--port",
		port, "--save", "", "--dir", dir, NULL };
	char *client[] = { "redis-benchmark", "-p", port, "-t", "get,set", "-n",
		requests, "-P", pipeline, "--csv", NULL };
	double rate[3]; /* the first line names the columns */
	pid_t pid;

	pid = start_server(server);
	MUST(ask_client(client, "ET\",\"", rate, 3) == 2);
	stop(pid);
	/* As many of each: the rate of both in a row. */
	printf("req/s %.1f\n", 2 / (1 / rate[0] + 1 / rate[1]));
}

static void
row_redis(void)
{
	redis("100000", "1");
}

static void
row_redis_p16(void)
{
	redis("1000000", "16");
}

static void
row_iperf3(void)
{
	char *server[] = { "iperf3", "-s", "-B", "127.0.0.1", "-p", port,
		NULL };
	char *client[] = { "iperf3", "-c", "127.0.0.1", "-p", port, "-t", "5",
		"-J", NULL };
	double rate[64];
	pid_t pid;
	int i, n;

	pid = start_server(server);
	/* It listens anew after the connection that has looked for it. */
	for (i = 0, n = 0; i < TRIES && n == 0; i++) {
		n = ask_client(client, "\"bits_per_second\":", rate, 64);
		usleep(10000);
	}
	stop(pid);
	MUST(n >= 1);
	/* The last is what the receiver had. */
	printf("MB/s %.1f\n", rate[n - 1] / 8e6);
}

/* The ways to wait of the idle server: each after one byte came. */
static void *
wait_recv(void *arg)
{
	char c;

	while (recv(*(int *)arg, &c, 1, 0) == 1)
		;
	return NULL;
}

static void *
wait_poll(void *arg)
{
	struct pollfd pfd[2] = { { *(int *)arg, POLLIN, 0 } };
	int p[2]; /* the host's, under the shim too */
	char c;

	MUST(pipe(p) == 0);
	pfd[1] = (struct pollfd){ p[0], POLLIN, 0 };
	while (poll(pfd, 2, -1) > 0 && recv(pfd[0].fd, &c, 1, 0) == 1)
		;
	return NULL;
}

static void *
wait_epoll(void *arg)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int e = epoll_create1(0), fd = *(int *)arg;
	char c;

	epoll_ctl(e, EPOLL_CTL_ADD, fd, &ev);
	while (epoll_wait(e, &ev, 1, -1) > 0 && recv(fd, &c, 1, 0) == 1)
		;
	return NULL;
}

static _Noreturn void
idle_server(int listening)
{
	static void *(*const ways[])(void *) = { wait_recv, wait_poll,
		wait_epoll };
	static int fd[3];
	pthread_t t;

	for (int i = 0; i < 3; i++) {
		fd[i] = accept(listening, NULL, NULL);
		MUST(fd[i] >= 0);
		MUST(pthread_create(&t, NULL, ways[i], &fd[i]) == 0);
	}
	accept(listening, NULL, NULL);
	_exit(0);
}

static uint64_t
cpu_ns(pid_t pid)
{
	struct timespec ts;
	clockid_t clock;

	MUST(clock_getcpuclockid(pid, &clock) == 0);
	MUST(clock_gettime(clock, &ts) == 0);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void
row_idle_cpu(void)
{
	int s = listener(), fd[3];
	uint64_t before;
	pid_t pid;

	pid = fork();
	MUST(pid >= 0);
	if (pid == 0)
		idle_server(s);
	for (int i = 0; i < 3; i++) {
		fd[i] = dial();
		MUST(fd[i] >= 0);
	}
	usleep(100000); /* all threads are there */
	before = cpu_ns(pid);
	for (int i = 0; i < 3; i++)
		MUST(send(fd[i], "x", 1, 0) == 1);
	sleep(IDLE_S);
	printf("ms %.3f\n", (double)(cpu_ns(pid) - before) / 1e6);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static const struct {
	const char *name;
	void (*run)(void);
	const char *programs[3];
} table[] = {
	{ "idle_cpu", row_idle_cpu, { NULL } },
	{ "nginx", row_nginx, { "nginx", "wrk", NULL } },
	{ "redis", row_redis, { "redis-server", "redis-benchmark", NULL } },
	{ "redis_p16", row_redis_p16,
	    { "redis-server", "redis-benchmark", NULL } },
	{ "iperf3", row_iperf3, { "iperf3", NULL } },
};

static bool
installed(const char *program)
{
	char path[4096], *save, *p = strdup(getenv("PATH"));

	for (char *d = strtok_r(p, ":", &save); d != NULL;
	     d = strtok_r(NULL, ":", &save)) {
		snprintf(path, sizeof(path), "%s/%s", d, program);
		if (access(path, X_OK) == 0) {
			free(p);
			return true;
		}
	}
	free(p);
	return false;
}

/* The rump kernel's tmpfs below /rump, or the host's. */
static void
make_dir(bool rump)
{
	snprintf(dir, sizeof(dir), "%s/bench.XXXXXX",
	    rump ? "/rump" : "/dev/shm");
	MUST(mkdtemp(dir) != NULL);
	MUST(chmod(dir, 0755) == 0);
}

static void
remove_dir(void)
{
	char *rm[] = { "rm", "-rf", dir, NULL };

	waitpid(start(rm, NULL), NULL, 0);
}

int
main(int argc, char **argv)
{
	char path[4096];
	unsigned u;
	int i;

	snprintf(path, sizeof(path), "%s:/usr/sbin:/sbin",
	    getenv("PATH") != NULL ? getenv("PATH") : "/usr/bin:/bin");
	setenv("PATH", path, 1);
	for (u = 0; u < sizeof(table) / sizeof(table[0]); u++)
		if (argc == 2 && strcmp(argv[1], table[u].name) == 0)
			break;
	if (u == sizeof(table) / sizeof(table[0]))
		return 2;
	for (i = 0; table[u].programs[i] != NULL; i++)
		if (!installed(table[u].programs[i])) {
			fprintf(stderr, "bench: net.%s: no %s here\n", argv[1],
			    table[u].programs[i]);
			return 1;
		}
	make_dir(access("/rump", F_OK) == 0);
	choose_port();
	table[u].run();
	remove_dir();
	return 0;
}
