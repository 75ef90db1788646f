#include "worker/sandbox/sandbox.hpp"

#include <atomic>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "worker/sandbox/all_threads.hpp"
#include "worker/sandbox/landlock.hpp"

namespace samoyed::worker {
namespace {

std::string join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

#ifndef SAMOYED_WITHOUT_SANDBOX

/// Drops all capabilities of the calling thread. Where a filter forbids capset, having none will
/// do.
bool drop_capabilities() noexcept {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  if (syscall(SYS_capset, &header, none) == 0) return true;
  __user_cap_data_struct held[_LINUX_CAPABILITY_U32S_3] = {};
  if (syscall(SYS_capget, &header, held) != 0) return false;
  return held[0].permitted == 0 && held[1].permitted == 0;
}

/// What confine_thread needs and reports. Global, because it runs in a signal handler.
std::atomic<int> landlock_ruleset = -1;
std::atomic<bool> no_new_privileges_failed = false;
std::atomic<bool> capabilities_failed = false;
std::atomic<bool> landlock_failed = false;

/// Async-signal-safe.
void confine_thread() {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) no_new_privileges_failed = true;
  if (!drop_capabilities()) capabilities_failed = true;
  if (landlock_ruleset < 0 || !apply_landlock_ruleset(landlock_ruleset)) landlock_failed = true;
}

/// Returns false if Landlock doesn't confine all threads.
bool confine_threads(Confinement& confinement, const std::vector<std::filesystem::path>& readable) {
  const auto report = [&](bool failed, const std::string& given_up, const std::string& why) {
    if (failed) {
      confinement.lacking.push_back(why);
    } else {
      confinement.confined.push_back(given_up);
    }
  };
  const int version = landlock_version();
  landlock_ruleset = make_landlock_ruleset(version, {.tcp = true, .signals = false});
  for (const auto& folder : readable) {
    // The files can't be read then. Reading them says so.
    if (landlock_ruleset >= 0) (void)allow_reading(landlock_ruleset, folder);
  }
  const bool some_missed = !run_on_all_threads(confine_thread);
  if (landlock_ruleset >= 0) close(landlock_ruleset);
  report(no_new_privileges_failed || capabilities_failed || some_missed, "no privileges",
         "privileges (the kernel refuses to drop them on all threads)");
  report(landlock_failed || some_missed,
         readable.empty() ? "no files" : "no files but those of certificates",
         version == 0 ? "Landlock for files (the kernel has none, or forbids it)"
                      : "Landlock for files (the kernel refuses it)");
  report(landlock_failed || some_missed || version < 4, "no TCP connections to others",
         "Landlock for TCP (needs Linux 6.7)");
  return !landlock_failed && !some_missed;
}

#endif

}  // namespace

std::string Confinement::text() const {
  if (confined.empty()) return "off: " + join(lacking);
  const std::string all = word() + ": " + join(confined);
  return lacking.empty() ? all : all + "; lacking: " + join(lacking);
}

std::string Confinement::word() const {
  if (confined.empty()) return "off";
  return lacking.empty() ? "full" : "partial";
}

#ifdef SAMOYED_WITHOUT_SANDBOX

bool enter_sandbox_is_left_out() { return true; }

Confinement enter_sandbox(AtRefusal /*at_refusal*/,
                          const std::vector<std::filesystem::path>& /*readable*/) {
  return {.confined = {}, .lacking = {"this build has sanitizers, which can't be confined"}};
}

void confine_decoder_parent() {}
void confine_decoder(int /*socket*/) {}

#else

void confine_decoder_parent() {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  landlock_ruleset = make_landlock_ruleset(landlock_version());
  confine_thread();
  if (landlock_ruleset >= 0) close(landlock_ruleset);
  filter_for_decoder_parent();
}

void confine_decoder(int socket) { filter_for_decoder(socket); }

bool enter_sandbox_is_left_out() { return false; }

Confinement enter_sandbox(AtRefusal at_refusal,
                          const std::vector<std::filesystem::path>& readable) {
  Confinement confinement;
  const rlimit no_core{0, 0};
  if (setrlimit(RLIMIT_CORE, &no_core) == 0) {
    confinement.confined.emplace_back("no core dumps");
  } else {
    confinement.lacking.emplace_back("a limit on core dumps (the kernel refuses it)");
  }
  const bool by_landlock = confine_threads(confinement, readable);
  // Only Landlock can tell one file from another.
  const auto files = by_landlock && !readable.empty() ? Files::readable : Files::none;
  const std::string why = filter_for_serving(at_refusal, files);
  if (why.empty()) {
    confinement.confined.emplace_back("only the system calls of serving");
  } else {
    confinement.lacking.push_back("the filter of system calls (" + why + ")");
  }
  return confinement;
}

#endif

}  // namespace samoyed::worker
