#include "support/wait.hpp"

#include <chrono>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

namespace samoyed::test {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::Contains;

/// How a child process ended that waits forever, and what it said.
struct Ended {
  int status = 0;
  std::string text;
};

template <typename Hang>
Ended run(Hang hang) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    hang();
    _exit(0);
  }
  close(ends[1]);
  Ended ended;
  char bytes[4096];
  for (ssize_t size = 0; (size = read(ends[0], bytes, sizeof bytes)) > 0;) {
    ended.text.append(bytes, static_cast<std::size_t>(size));
  }
  close(ends[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  ended.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ended;
}

TEST_CASE("a wait that exceeds its limit ends the program, which names all waits") {
  const Ended ended = run([] {
    const Wait outer = Wait::unbounded("the cat");
    const Wait inner("the dog", 0s);
    while (true) pause();
  });
  CHECK(ended.status == 1);
  CHECK_THAT(ended.text, Contains("waited too long for: the dog\n"));
  CHECK_THAT(ended.text, Contains("and meanwhile for: the cat\n"));
  CHECK_THAT(ended.text, Contains("and meanwhile for: the end of the test case 'a wait that "));
}

TEST_CASE("a wait that ended has no limit any more") {
  const Ended ended = run([] {
    { const Wait brief("the dog", 1s); }
    const Wait longer("the cat", 2s);
    while (true) pause();
  });
  CHECK(ended.status == 1);
  CHECK_THAT(ended.text, Contains("waited too long for: the cat\n") && !Contains("dog"));
}

TEST_CASE("bytes are shown on one line") {
  CHECK(printable("A\r\n\x01") == "A...");
  CHECK(printable(std::string(41, 'x')) == std::string(40, 'x') + "...");
}

}  // namespace
}  // namespace samoyed::test
