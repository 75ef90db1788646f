#include "worker/sandbox/sandbox.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <functional>
#include <latch>
#include <linux/mempolicy.h>
#include <netinet/in.h>
#include <string_view>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <catch2/catch.hpp>

#include "support/temporary_folder.hpp"
#include "worker/sandbox/all_threads.hpp"
#include "worker/sandbox/landlock.hpp"
#include "worker/sandbox/listener.hpp"
#include "worker/sandbox/sandboxed_process.hpp"

using namespace samoyed;
using namespace samoyed::worker;

namespace {

using test::Listener;

bool connects(int socket, const sockaddr_in& address) {
  return connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

/// What a process may try that a worker never needs. Each returns true if it was possible.
struct Attempt {
  const char* name;
  std::function<bool()> succeeds;
};

const std::uint64_t secret = 42;

std::vector<Attempt> attempts(const Listener& listener, int unconnected) {
  return {
      {"open", [] { return open("/etc/passwd", O_RDONLY) >= 0; }},
      {"create", [] { return open("/tmp", O_TMPFILE | O_WRONLY, 0600) >= 0; }},
      {"stat", [] { return access("/etc/passwd", R_OK) == 0; }},
      {"socket", [] { return socket(AF_INET, SOCK_STREAM, 0) >= 0; }},
      {"connect", [&listener, unconnected] { return connects(unconnected, listener.address); }},
      {"bind",
       [unconnected] {
         const sockaddr_in any{
             .sin_family = AF_INET, .sin_port = 0, .sin_addr = {}, .sin_zero = {}};
         return bind(unconnected, reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0;
       }},
      {"connect by sending",
       [&listener, unconnected] {
         return sendto(unconnected, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL,
                       reinterpret_cast<const sockaddr*>(&listener.address),
                       sizeof listener.address) >= 0;
       }},
      {"execute",
       [] {
         char* const arguments[] = {nullptr};
         execve("/bin/true", arguments, arguments);
         return false;  // A success doesn't return: the exit status is then 0 at the first attempt.
       }},
      {"fork",
       [] {
         const pid_t child = static_cast<pid_t>(syscall(SYS_fork));
         if (child == 0) _exit(0);
         return child > 0;
       }},
      {"trace", [] { return ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0; }},
      {"signal its parent", [] { return kill(getppid(), 0) == 0; }},
      {"read memory by address",
       [] {
         std::uint64_t copy = 0;
         const iovec local{&copy, sizeof copy};
         const iovec remote{const_cast<std::uint64_t*>(&secret), sizeof secret};
         return process_vm_readv(getppid(), &local, 1, &remote, 1, 0) > 0;
       }},
      {"map executable memory",
       [] {
         return mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
                MAP_FAILED;
       }},
      {"make memory executable",
       [] {
         void* const page =
             mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
         return mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
       }},
      {"raise a limit",
       [] {
         const rlimit limit{64, 64};
         return setrlimit(RLIMIT_NOFILE, &limit) == 0;
       }},
  };
}

/// Runs `body` on a thread that exists before `enter` is called.
int run_on_older_thread(const std::function<void()>& enter, const std::function<int()>& body) {
  int status = 98;
  std::latch entered(1);
  std::thread older([&] {
    entered.wait();
    status = body();
  });
  enter();
  entered.count_down();
  older.join();
  return status;
}

bool has_landlock(int version) {
  if (landlock_version() >= version) return true;
  WARN("skipped: needs Landlock version " << version);
  return false;
}

constexpr int possible = 10;
constexpr int refused = 11;
constexpr int wrong_error = 12;

}  // namespace

TEST_CASE("a sandboxed process keeps what it has and gets nothing new, on all its threads") {
  if (enter_sandbox_is_left_out()) {
    WARN("skipped: needs a build without sanitizers");
    return;
  }
  const Listener listener;
  const int unconnected = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto all = attempts(listener, unconnected);
  for (std::size_t i = 0; i < all.size(); ++i) {
    INFO(all[i].name);
    for (const bool on_older_thread : {false, true}) {
      INFO(on_older_thread);
      const int status = test::run_in_process([&] {
        const auto enter = [] { enter_sandbox(AtRefusal::fail); };
        const auto attempt = [&] {
          errno = 0;
          if (all[i].succeeds()) return possible;
          return errno == EPERM ? refused : wrong_error;
        };
        if (on_older_thread) return run_on_older_thread(enter, attempt);
        enter();
        return attempt();
      });
      CHECK(status == refused);
    }
  }
  close(unconnected);
}

TEST_CASE("without a sandbox, what its test attempts is possible") {
  const Listener listener;
  for (const char* const name : {"open", "socket", "fork", "trace", "signal its parent", "stat",
                                 "read memory by address", "map executable memory"}) {
    INFO(name);
    const int unconnected = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto all = attempts(listener, unconnected);
    const auto attempt = std::find_if(all.begin(), all.end(), [&](const Attempt& candidate) {
      return std::string_view(candidate.name) == name;
    });
    CHECK(test::run_in_process([&] { return attempt->succeeds() ? possible : refused; }) ==
          possible);
    close(unconnected);
  }
}

TEST_CASE("a refused system call ends the process if that is wanted") {
  if (enter_sandbox_is_left_out()) {
    WARN("skipped: needs a build without sanitizers");
    return;
  }
  CHECK(test::run_in_process([] {
          enter_sandbox(AtRefusal::kill);
          open("/etc/passwd", O_RDONLY);
          return 0;
        }) == -SIGSYS);
}

TEST_CASE("a sandboxed process reads the folders that it was given, and no others") {
  if (enter_sandbox_is_left_out()) {
    WARN("skipped: needs a build without sanitizers");
    return;
  }
  if (!has_landlock(1)) return;
  const test::TemporaryFolder folder;
  const std::filesystem::path below = folder.path() / "below";
  const std::filesystem::path file = folder.path() / "file";
  std::filesystem::create_directory(below);
  test::write_file(file, "x");
  test::write_file(below / "file", "x");
  const auto opens = [](const std::filesystem::path& path, int flags) {
    return open(path.c_str(), flags, 0600) >= 0;
  };
  const auto in_sandbox = [&](const std::filesystem::path& readable, auto attempt) {
    return test::run_in_process([&] {
      enter_sandbox(AtRefusal::fail, {readable});
      return attempt() ? possible : refused;
    });
  };
  for (const auto& path : {file, below / "file"}) {
    CHECK(in_sandbox(folder.path(), [&] { return opens(path, O_RDONLY); }) == possible);
    CHECK(in_sandbox(folder.path(), [&] { return opens(path, O_RDWR); }) == refused);
  }
  CHECK(in_sandbox(folder.path(),
                   [&] { return opens(folder.path() / "new", O_CREAT | O_WRONLY); }) == refused);
  CHECK(in_sandbox(folder.path(), [&] { return opens(folder.path(), O_RDONLY); }) == refused);
  CHECK(in_sandbox(folder.path(), [&] { return opens("/etc/passwd", O_RDONLY); }) == refused);
  CHECK(in_sandbox(below, [&] { return opens(file, O_RDONLY); }) == refused);
  CHECK(in_sandbox(folder.path() / "missing", [&] { return opens(file, O_RDONLY); }) == refused);
}

TEST_CASE("a sandboxed process may ask for memory near its thread, but not move any") {
  if (enter_sandbox_is_left_out()) {
    WARN("skipped: needs a build without sanitizers");
    return;
  }
  const auto error_of = [](unsigned long mode, unsigned flags) {
    return test::run_in_process([=] {
      void* const page =
          mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      enter_sandbox(AtRefusal::fail);
      errno = 0;
      syscall(SYS_mbind, page, 4096UL, mode, nullptr, 0UL, flags);
      return errno;
    });
  };
  CHECK(error_of(MPOL_PREFERRED, 0) != EPERM);  // ENOSYS on a system without NUMA.
  CHECK(error_of(MPOL_PREFERRED, MPOL_MF_MOVE) == EPERM);
  CHECK(error_of(MPOL_INTERLEAVE, 0) == EPERM);
}

TEST_CASE("Landlock alone refuses files and connections on all threads") {
  if (!has_landlock(4)) return;
  static int ruleset = -1;
  const Listener listener;
  const int unconnected = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto enter = [] {
    ruleset = make_landlock_ruleset(landlock_version());
    run_on_all_threads([] {
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      apply_landlock_ruleset(ruleset);
    });
  };
  const std::vector<std::function<bool()>> forbidden{
      [] { return open("/etc/passwd", O_RDONLY) >= 0; },
      [&] { return connects(unconnected, listener.address); }};
  for (const auto& attempt : forbidden) {
    const auto body = [&] {
      if (attempt()) return possible;
      return errno == EACCES ? refused : wrong_error;
    };
    CHECK(test::run_in_process([&] { return run_on_older_thread(enter, body); }) == refused);
    CHECK(test::run_in_process([&] {
            enter();
            return body();
          }) == refused);
  }
  CHECK(test::run_in_process([&] { return connects(unconnected, listener.address) ? 0 : 1; }) == 0);
  close(unconnected);
}

TEST_CASE("a confinement is described in one line, and in one word for hello") {
  const Confinement full{{"no files", "no privileges"}, {}};
  CHECK(full.text() == "full: no files, no privileges");
  CHECK(full.word() == "full");
  const Confinement partial{{"no files"}, {"Landlock for TCP (needs Linux 6.7)"}};
  CHECK(partial.text() == "partial: no files; lacking: Landlock for TCP (needs Linux 6.7)");
  CHECK(partial.word() == "partial");
  const Confinement off{{}, {"this build has sanitizers"}};
  CHECK(off.text() == "off: this build has sanitizers");
  CHECK(off.word() == "off");
  CHECK(Confinement{}.word() == "off");
}
