#include "samoyed/io/log_writer.hpp"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "support/wait.hpp"

namespace samoyed::io {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t waiting_bytes_max = 1000;
constexpr auto flush_time = 30s;  // Only prevents hanging.

std::string notice(std::uint64_t lines) { return std::to_string(lines) + " dropped\n"; }

/// A pipe as small as the kernel allows. Its ends stay open until the process ends, because a
/// writer's thread may outlive its writer.
struct Pipe {
  Pipe() {
    REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
    capacity = static_cast<std::size_t>(fcntl(ends[1], F_SETPIPE_SZ, 4096));
  }

  /// Returns nothing if nothing arrives.
  std::string read_some() const {
    pollfd readable{ends[0], POLLIN, 0};
    if (poll(&readable, 1, static_cast<int>(std::chrono::milliseconds(flush_time).count())) <= 0)
      return {};
    std::string text(capacity, '\0');
    const ssize_t size = ::read(ends[0], text.data(), text.size());
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
  }

  std::string read_until(const std::string& end) const {
    const test::Wait wait("'" + test::printable(end) + "' in a pipe");
    std::string text;
    while (!text.ends_with(end)) {
      const std::string more = read_some();
      if (more.empty()) break;
      text += more;
    }
    return text;
  }

  std::array<int, 2> ends{};
  std::size_t capacity = 0;
};

TEST_CASE("lines are written in order, and flush waits for them") {
  const Pipe pipe;
  LogWriter writer(pipe.ends[1], waiting_bytes_max, notice);
  writer.write("one\n");
  writer.write("two\n");
  CHECK(writer.flush(flush_time));
  CHECK(pipe.read_some() == "one\ntwo\n");
  CHECK(writer.dropped() == 0);
}

TEST_CASE("if nobody reads, lines are dropped and counted, and a notice takes their place") {
  const Pipe pipe;
  LogWriter writer(pipe.ends[1], waiting_bytes_max, notice);
  const std::string filling(pipe.capacity, '-');
  REQUIRE(::write(pipe.ends[1], filling.data(), filling.size()) ==
          static_cast<ssize_t>(filling.size()));
  const std::string line(99, 'x');
  std::uint64_t written = 0;
  // A writer that waited would hang here.
  while (writer.dropped() < 5) {
    writer.write(line + "\n");
    ++written;
  }
  CHECK_FALSE(writer.flush(0ms));
  CHECK(pipe.read_some() == filling);
  const std::string text = pipe.read_until("5 dropped\n");
  CHECK(text.size() == (written - 5) * 100 + std::string("5 dropped\n").size());
  writer.write("after\n");
  CHECK(pipe.read_until("\n") == "after\n");
}

TEST_CASE("a failing descriptor costs its lines only, and a later notice reports them") {
  std::signal(SIGPIPE, SIG_IGN);
  const Pipe pipe;
  LogWriter writer(pipe.ends[1], waiting_bytes_max, notice);
  const Pipe other;
  close(pipe.ends[0]);
  for (int i = 0; i < 3; ++i) {
    writer.write("lost\n");
    CHECK(writer.flush(flush_time));
  }
  CHECK(writer.dropped() == 3);
  REQUIRE(dup2(other.ends[1], pipe.ends[1]) >= 0);  // The reader is back.
  writer.write("kept\n");
  CHECK(other.read_until("kept\n") == "3 dropped\nkept\n");
}

TEST_CASE("a line of which only the beginning was written is ended before the next one") {
  std::signal(SIGPIPE, SIG_IGN);
  const Pipe pipe;
  LogWriter writer(pipe.ends[1], 4 * pipe.capacity, notice);
  const Pipe other;
  writer.write(std::string(3 * pipe.capacity, 'x') + "\n");
  CHECK_FALSE(pipe.read_some().empty());
  close(pipe.ends[0]);
  CHECK(writer.flush(flush_time));
  REQUIRE(dup2(other.ends[1], pipe.ends[1]) >= 0);  // The reader is back.
  writer.write("kept\n");
  CHECK(other.read_until("kept\n") == "\n1 dropped\nkept\n");
}

TEST_CASE("flush waits for lines that are being written") {
  const Pipe pipe;
  LogWriter writer(pipe.ends[1], waiting_bytes_max, notice);
  const std::string filling(pipe.capacity, '-');
  REQUIRE(::write(pipe.ends[1], filling.data(), filling.size()) ==
          static_cast<ssize_t>(filling.size()));
  writer.write("waits\n");
  CHECK_FALSE(writer.flush(200ms));
  CHECK(pipe.read_until("waits\n") == filling + "waits\n");
}

TEST_CASE("lines that wait at the end are still written") {
  const Pipe pipe;
  { LogWriter(pipe.ends[1], waiting_bytes_max, notice).write("last\n"); }
  CHECK(pipe.read_until("\n") == "last\n");
}

TEST_CASE("a descriptor that another process made non-blocking loses no lines") {
  const Pipe pipe;
  fcntl(pipe.ends[1], F_SETFL, O_NONBLOCK);
  LogWriter writer(pipe.ends[1], 4 * pipe.capacity, notice);
  const std::string line = std::string(2 * pipe.capacity, 'x') + "\n";
  writer.write(line);
  CHECK(pipe.read_until("\n") == line);
  CHECK(writer.dropped() == 0);
}

}  // namespace
}  // namespace samoyed::io
