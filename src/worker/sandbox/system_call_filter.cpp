#include "worker/sandbox/system_call_filter.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <initializer_list>
#include <linux/mempolicy.h>
#include <memory>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace samoyed::worker {
namespace {

/// An allow-list under construction. After the first error it does nothing more.
class Filter {
 public:
  explicit Filter(AtRefusal at_refusal)
      : filter_(seccomp_init(at_refusal == AtRefusal::kill ? SCMP_ACT_KILL_PROCESS
                                                           : SCMP_ACT_ERRNO(EPERM))) {
    if (!filter_) {
      error_ = -ENOMEM;
      return;
    }
    // Logging needs Linux 4.14; without it the filter is as strict.
    (void)seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_LOG, 1);
    // A binary search instead of up to a hundred comparisons for each call.
    (void)seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
    keep(seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_TSYNC, 1));
  }

  /// Allows calls whatever their arguments. A call that this architecture doesn't have is skipped.
  void allow(std::initializer_list<int> calls) {
    for (const int call : calls) keep(seccomp_rule_add(filter_.get(), SCMP_ACT_ALLOW, call, 0));
  }

  /// Allows a call if all the conditions hold.
  void allow_if(int call, std::initializer_list<scmp_arg_cmp> conditions) {
    keep(seccomp_rule_add_array(filter_.get(), SCMP_ACT_ALLOW, call,
                                static_cast<unsigned>(conditions.size()), conditions.begin()));
  }

  /// Lets a call fail as if the kernel didn't have it.
  void pretend_missing(int call) {
    keep(seccomp_rule_add(filter_.get(), SCMP_ACT_ERRNO(ENOSYS), call, 0));
  }

  /// Returns 0 or a negative errno.
  int load() {
    if (error_ == 0) keep(seccomp_load(filter_.get()));
    return error_;
  }

 private:
  struct Release {
    void operator()(void* filter) const { seccomp_release(filter); }
  };

  void keep(int result) {
    if (error_ == 0 && result < 0) error_ = result;
  }

  std::unique_ptr<void, Release> filter_;
  int error_ = 0;
};

scmp_arg_cmp equals(unsigned argument, scmp_datum_t value) {
  return {argument, SCMP_CMP_EQ, value, 0};
}

scmp_arg_cmp has(unsigned argument, scmp_datum_t bits) {
  return {argument, SCMP_CMP_MASKED_EQ, bits, bits};
}

scmp_arg_cmp lacks(unsigned argument, scmp_datum_t bits) {
  return {argument, SCMP_CMP_MASKED_EQ, bits, 0};
}

void allow_memory(Filter& filter) {
  filter.allow({SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise)});
  filter.allow_if(SCMP_SYS(mmap), {lacks(2, PROT_EXEC)});
  filter.allow_if(SCMP_SYS(mprotect), {lacks(2, PROT_EXEC)});
}

/// Waiting, time, signals to itself, and the end.
void allow_running(Filter& filter) {
  filter.allow({SCMP_SYS(futex), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
                SCMP_SYS(getcpu), SCMP_SYS(membarrier), SCMP_SYS(rseq), SCMP_SYS(set_robust_list),
                SCMP_SYS(restart_syscall)});
  filter.allow({SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday),
                SCMP_SYS(time), SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep)});
  filter.allow({SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
                SCMP_SYS(sigaltstack), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(exit),
                SCMP_SYS(exit_group), SCMP_SYS(getrandom)});
  // abort() signals its own thread.
  filter.allow_if(SCMP_SYS(tgkill), {equals(0, static_cast<scmp_datum_t>(getpid()))});
}

/// Reads and writes on what is open. The names of files are not taken: fstat of glibc is newfstatat
/// with an empty name, which these flags announce.
void allow_open_files(Filter& filter) {
  filter.allow({SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write),
                SCMP_SYS(writev), SCMP_SYS(lseek), SCMP_SYS(getdents64), SCMP_SYS(fstat),
                SCMP_SYS(close)});
  filter.allow_if(SCMP_SYS(newfstatat), {equals(3, AT_EMPTY_PATH)});
  for (const int command : {F_GETFD, F_SETFD, F_GETFL, F_SETFL}) {
    filter.allow_if(SCMP_SYS(fcntl), {equals(1, static_cast<scmp_datum_t>(command))});
  }
}

void allow_reading_files(Filter& filter) {
  filter.allow_if(SCMP_SYS(openat), {lacks(2, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)});
}

void allow_open_sockets(Filter& filter) {
  filter.allow({SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl), SCMP_SYS(poll),
                SCMP_SYS(ppoll), SCMP_SYS(timerfd_settime), SCMP_SYS(accept), SCMP_SYS(accept4),
                SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(shutdown), SCMP_SYS(getsockname),
                SCMP_SYS(getpeername), SCMP_SYS(getsockopt)});
  // TCP Fast Open would connect.
  filter.allow_if(SCMP_SYS(sendto), {lacks(3, MSG_FASTOPEN)});
  filter.allow_if(SCMP_SYS(sendmsg), {lacks(2, MSG_FASTOPEN)});
  for (const int level : {SOL_SOCKET, static_cast<int>(IPPROTO_TCP)}) {
    filter.allow_if(SCMP_SYS(setsockopt), {equals(1, static_cast<scmp_datum_t>(level))});
  }
  filter.allow_if(SCMP_SYS(ioctl), {equals(1, FIONBIO)});
}

/// The numbers of /metrics. The limits of resources may be read, of this process only.
void allow_measuring_itself(Filter& filter) {
  filter.allow({SCMP_SYS(getrusage), SCMP_SYS(getrlimit)});
  filter.allow_if(SCMP_SYS(prlimit64), {equals(0, 0), equals(2, 0)});
}

/// OpenBLAS asks for memory near its thread when several threads need a buffer at the same time. It
/// names no node of the machine, and no pages are moved.
void allow_memory_nearby(Filter& filter) {
  filter.allow_if(SCMP_SYS(mbind), {equals(2, MPOL_PREFERRED), equals(3, 0), equals(5, 0)});
}

/// Kills its decoder processes, by the descriptors that it got for them.
void allow_killing_decoders(Filter& filter) { filter.allow({SCMP_SYS(pidfd_send_signal)}); }

/// A decoder process's limit on its own CPU time.
void allow_cpu_timer(Filter& filter) {
  filter.allow_if(SCMP_SYS(setitimer), {equals(0, ITIMER_PROF)});
}

/// Threads, but not processes: libde265 decodes HEIC in a thread of its own. Which of the two
/// clone3 makes is in memory that a filter can't read, so libc is made to fall back to clone.
void allow_threads(Filter& filter) {
  filter.allow_if(SCMP_SYS(clone), {has(0, CLONE_THREAD)});
  filter.pretend_missing(SCMP_SYS(clone3));
}

void allow_waiting_for_requests(Filter& filter) { filter.allow({SCMP_SYS(poll), SCMP_SYS(ppoll)}); }

void allow_making_decoders(Filter& filter) {
  // fork, but into no namespace of its own, where it would be root.
  constexpr scmp_datum_t namespaces = CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS |
                                      CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWUTS;
  filter.allow_if(SCMP_SYS(clone), {lacks(0, namespaces)});
  filter.allow({SCMP_SYS(pidfd_open), SCMP_SYS(memfd_create), SCMP_SYS(ftruncate),
                SCMP_SYS(recvfrom), SCMP_SYS(sendmsg), SCMP_SYS(read), SCMP_SYS(write),
                SCMP_SYS(close), SCMP_SYS(seccomp)});
  filter.allow_if(SCMP_SYS(fcntl), {equals(1, F_ADD_SEALS)});
  filter.allow_if(SCMP_SYS(socketpair), {equals(0, AF_UNIX)});
  filter.allow_if(SCMP_SYS(prctl), {equals(0, PR_SET_NO_NEW_PRIVS)});
}

const char* load(Filter& filter) {
  const int error = filter.load();
  return error == 0 ? "" : std::strerror(-error);
}

}  // namespace

const char* filter_for_decoder_parent() {
  Filter filter(AtRefusal::fail);
  allow_memory(filter);
  allow_running(filter);
  allow_making_decoders(filter);
  allow_cpu_timer(filter);
  allow_waiting_for_requests(filter);
  return load(filter);
}

const char* filter_for_decoder(int socket) {
  Filter filter(AtRefusal::fail);
  allow_memory(filter);
  allow_running(filter);
  allow_threads(filter);
  allow_cpu_timer(filter);
  allow_waiting_for_requests(filter);
  for (const int call : {SCMP_SYS(read), SCMP_SYS(write)}) {
    filter.allow_if(call, {equals(0, static_cast<scmp_datum_t>(socket))});
  }
  return load(filter);
}

const char* filter_for_serving(AtRefusal at_refusal, Files files) {
  Filter filter(at_refusal);
  allow_memory(filter);
  allow_memory_nearby(filter);
  allow_running(filter);
  allow_open_files(filter);
  allow_open_sockets(filter);
  allow_measuring_itself(filter);
  allow_killing_decoders(filter);
  if (files == Files::readable) allow_reading_files(filter);
  return load(filter);
}

}  // namespace samoyed::worker
