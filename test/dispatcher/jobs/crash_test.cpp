/// Kills the program at every step by which a job is written to disk and carried out. The child
/// kills itself with SIGKILL, like `kill -9`, in the middle of its work, so it can't clean up.

#include <atomic>
#include <csignal>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "dispatcher/history/history_rows.hpp"
#include "dispatcher/jobs/jobs_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using test::JobsFixture;

namespace {

/// The jobs that a child acknowledged before it ended, and whether it was killed.
struct Life {
  std::vector<std::string> ids;
  bool killed = false;
};

void write_line(int pipe, const std::string& text) {
  const std::string line = text + "\n";
  if (write(pipe, line.data(), line.size()) != static_cast<ssize_t>(line.size())) _exit(3);
}

/// Runs `live` in a child process, which writes the ids of its jobs to the pipe.
template <typename Live>
Life live_and_die(Live live) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(ends[0]);
    live(ends[1]);
    _exit(0);
  }
  close(ends[1]);
  const test::Wait wait("the end of a child process");
  std::string text;
  char bytes[4096];
  for (ssize_t count = 0; (count = read(ends[0], bytes, sizeof(bytes))) > 0;) {
    text.append(bytes, static_cast<std::size_t>(count));
  }
  close(ends[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  Life life{.ids = {}, .killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL};
  for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) != text.npos;
       begin = end + 1) {
    life.ids.push_back(text.substr(begin, end - begin));
  }
  return life;
}

/// Submits two jobs and carries them out in a child that is killed at the `fatal`-th step.
Life live_until(const std::filesystem::path& folder, int fatal) {
  return live_and_die([&](int pipe) {
    std::atomic<int> steps = 0;
    JobsFixture fixture(folder, {}, [&](JobStep) {
      if (++steps == fatal) kill(getpid(), SIGKILL);
    });
    fixture.start();
    for (const std::string& id : fixture.submit({"dog", "cat"})) write_line(pipe, id);
    fixture.run_until_finished();
    fixture.stop();
  });
}

/// Keeps the writer busy with rows of the history, but has only a few in its queue, so that the
/// jobs don't wait for long, however slow the machine is.
asio::awaitable<void> keep_busy(DatabaseThread& writer, SqliteHistory& history) {
  while (true) {
    for (int count = 0; count < 4; ++count) history.record(test::history_row("you"));
    auto nothing = [](Database&) { return true; };
    co_await writer.run(nothing);
  }
}

}  // namespace

TEST_CASE("a kill at any step loses no job and records none twice") {
  int fatal = 1;
  for (bool killed = true; killed; ++fatal) {
    const test::TemporaryFolder folder;
    const Life life = live_until(folder.path(), fatal);
    killed = life.killed;
    CAPTURE(fatal, killed);
    JobsFixture fixture(folder.path());
    fixture.start();
    CHECK(fixture.run_until_finished());
    fixture.stop();
    for (const std::string& id : life.ids) {
      const auto job = fixture.find(id);
      REQUIRE(job);
      CHECK(job->state == JobState::done);
      CHECK(job->result.has_value());
    }
    // Both jobs have a result, or neither has one because the kill came before their rows existed.
    const std::size_t rows = fixture.rows();
    CHECK((rows == 2 || (rows == 0 && life.ids.empty())));
    CHECK(fixture.files() == 0);
  }
  // Two images written, the folder synced, the rows committed, two images renamed, and for each
  // job: claimed, recognized, inserted, committed, removed.
  CHECK(fatal - 2 == 6 + 2 * 5);
}

TEST_CASE("a kill during writes loses no result that was acknowledged") {
  const test::TemporaryFolder folder;
  constexpr int jobs_before_death = 20;
  const Life life = live_and_die([&](int pipe) {
    JobsFixture fixture(folder.path());
    std::atomic<int> acknowledged = 0;
    std::thread recorder([&] {
      SqliteHistory history(fixture.writer, fixture.reader, fixture.reader);
      asio::io_context io{1};
      asio::co_spawn(io, keep_busy(fixture.writer, history), asio::detached);
      io.run();
    });
    fixture.start();
    while (true) {
      const auto id = fixture.submit({"dog"}).front();
      fixture.run_until([&] { return fixture.find(id)->state == JobState::done; });
      write_line(pipe, id);
      if (++acknowledged == jobs_before_death) kill(getpid(), SIGKILL);
    }
  });
  CHECK(life.killed);
  REQUIRE(life.ids.size() == jobs_before_death);
  JobsFixture fixture(folder.path());
  for (const std::string& id : life.ids) {
    const auto job = fixture.find(id);
    REQUIRE(job);
    CHECK(job->state == JobState::done);
    CHECK(job->result.has_value());
  }
}
