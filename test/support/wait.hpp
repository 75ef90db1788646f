#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace samoyed::test {

/// How long a test waits for something that takes a moment on an idle machine: 30 s. Sanitizers
/// triple it, and the environment variable SAMOYED_TEST_WAIT_FACTOR multiplies it.
std::chrono::seconds wait_max();

/// Bounds a wait and names what is awaited. If an object of this class exists for longer than
/// `wait_max()`, the program ends with status 1, and says which waits didn't end and in which test
/// case:
///
///     void wait_for_end() {
///       const Wait wait("the server to end");
///       thread_.join();
///     }
///
/// Each test case is a wait of its own, with a longer limit (wait.cpp). So a hang costs seconds,
/// not CTest's timeout, whatever hangs: a lock, a read, a loop.
///
/// Thread rule: any thread may make and destroy objects.
class Wait {
 public:
  explicit Wait(const std::string& what) : Wait(what, wait_max()) {}
  Wait(const std::string& what, std::chrono::seconds limit);
  ~Wait();
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;

  /// A wait that another one bounds, such as that of a peer for its client. It is only named when
  /// the other one exceeds its limit.
  static Wait unbounded(const std::string& what) { return {what, std::chrono::seconds::max()}; }

 private:
  std::size_t slot_;
};

/// `bytes` as part of a wait's name: at most 40 of them, with dots in place of control characters.
std::string printable(std::string_view bytes);

}  // namespace samoyed::test
