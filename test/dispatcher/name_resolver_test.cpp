#include "samoyed/dispatcher/name_resolver.hpp"

#include <atomic>
#include <optional>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "samoyed/io/errc.hpp"
#include "support/gate.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using test::Gate;

namespace {

const auto loopback = asio::ip::make_address("127.0.0.1");

/// Shared with the resolver's threads, which may outlive the test.
struct Directory {
  std::atomic<int> lookups = 0;
  Gate slow_begun;
  Gate slow_answered;
  Gate slow_ended;

  FoundAddresses look_up(const std::string& name) {
    ++lookups;
    if (name == "slow") {
      slow_begun.open();
      slow_answered.wait();
      slow_ended.open();
    }
    if (name == "none") return {asio::error::host_not_found, {}};
    return {{}, {loopback}};
  }
};

class ResolverFixture {
 public:
  explicit ResolverFixture(NameResolver::Limits limits = {}) {
    resolver.emplace(io.get_executor(), limits, [directory = directory](const auto& name) {
      return directory->look_up(name);
    });
  }
  ~ResolverFixture() {
    if (!slow_for_ever) directory->slow_answered.open();
  }

  /// Set when the answer has arrived.
  using Answer = std::shared_ptr<std::optional<FoundAddresses>>;

  Answer ask(const std::string& name, std::chrono::milliseconds within = std::chrono::hours(1)) {
    const auto answer = std::make_shared<std::optional<FoundAddresses>>();
    asio::co_spawn(io, resolver->resolve(name, Clock::now() + within),
                   [answer](std::exception_ptr, FoundAddresses found) { *answer = found; });
    return answer;
  }
  FoundAddresses wait(const Answer& answer) {
    const test::Wait wait("the answer of a lookup");
    while (!*answer) {
      io.restart();
      io.run_one();
    }
    return **answer;
  }
  FoundAddresses resolve(const std::string& name,
                         std::chrono::milliseconds within = std::chrono::hours(1)) {
    return wait(ask(name, within));
  }

  std::shared_ptr<Directory> directory = std::make_shared<Directory>();
  asio::io_context io{1};
  std::optional<NameResolver> resolver;
  bool slow_for_ever = false;
};

constexpr std::chrono::milliseconds short_wait{50};

}  // namespace

TEST_CASE("the system resolves localhost") {
  const FoundAddresses found = look_up_name("localhost");
  CHECK_FALSE(found.error);
  REQUIRE_FALSE(found.addresses.empty());
  CHECK(found.addresses[0].is_loopback());
  CHECK(look_up_name("no-such-host.invalid").error);
}

TEST_CASE("an IP address resolves to itself") {
  ResolverFixture f;
  CHECK(f.resolve("127.0.0.1").addresses == std::vector{loopback});
  CHECK(f.resolve("::1").addresses == std::vector{asio::ip::make_address("::1")});
  CHECK(f.directory->lookups == 0);
}

TEST_CASE("a slow lookup doesn't delay other names") {
  ResolverFixture f;
  const auto slow = f.ask("slow");
  CHECK(f.resolve("fast").addresses == std::vector{loopback});
  CHECK_FALSE(slow->has_value());
  f.directory->slow_answered.open();
  CHECK(f.wait(slow).addresses == std::vector{loopback});
}

TEST_CASE("requests for the same name share one lookup") {
  ResolverFixture f;
  const auto first = f.ask("slow");
  const auto second = f.ask("slow");
  f.io.poll();
  f.directory->slow_answered.open();
  CHECK_FALSE(f.wait(first).error);
  CHECK_FALSE(f.wait(second).error);
  CHECK(f.directory->lookups == 1);
}

TEST_CASE("successful answers are cached for a while, failures never") {
  SECTION("a success") {
    ResolverFixture f;
    for (int i = 0; i < 3; ++i) CHECK_FALSE(f.resolve("fast").error);
    CHECK(f.directory->lookups == 1);
  }
  SECTION("a success that is too old") {
    ResolverFixture f({.cache_time = std::chrono::milliseconds(0)});
    for (int i = 0; i < 3; ++i) CHECK_FALSE(f.resolve("fast").error);
    CHECK(f.directory->lookups == 3);
  }
  SECTION("a failure") {
    ResolverFixture f;
    for (int i = 0; i < 3; ++i) CHECK(f.resolve("none").error == asio::error::host_not_found);
    CHECK(f.directory->lookups == 3);
  }
  SECTION("no more names than the limit") {
    ResolverFixture f({.cached_names_max = 1});
    for (int i = 0; i < 2; ++i) {
      f.resolve("one");
      f.resolve("two");
    }
    CHECK(f.directory->lookups == 3);
  }
}

TEST_CASE("a thread that has looked up its names makes room for another one") {
  ResolverFixture f({.threads_max = 1});
  for (const char* const name : {"one", "two", "three"}) {
    CHECK_FALSE(f.resolve(name, std::chrono::seconds(20)).error);
  }
}

TEST_CASE("a lookup that takes too long times out") {
  ResolverFixture f;
  const auto first = f.ask("slow");
  f.io.poll();
  REQUIRE(f.directory->slow_begun.wait());
  CHECK(f.resolve("slow", short_wait).error == io::Errc::timed_out);
  // The late answer is cached for the next request.
  f.directory->slow_answered.open();
  CHECK_FALSE(f.wait(first).error);
  CHECK_FALSE(f.resolve("slow").error);
  CHECK(f.directory->lookups == 1);
}

TEST_CASE("a name that waits behind slow ones fails for lack of resources") {
  ResolverFixture f({.threads_max = 1});
  const auto slow = f.ask("slow");
  f.io.poll();
  REQUIRE(f.directory->slow_begun.wait());
  CHECK(f.resolve("fast", short_wait).error == std::errc::no_buffer_space);
  f.directory->slow_answered.open();
  CHECK_FALSE(f.wait(slow).error);
}

TEST_CASE("the number of waiting names is limited") {
  ResolverFixture f({.threads_max = 1, .queue_max = 1, .stuck_after = std::chrono::hours(1)});
  f.ask("slow");
  f.io.poll();
  REQUIRE(f.directory->slow_begun.wait());
  const auto waiting = f.ask("fast");
  f.io.poll();
  CHECK(f.resolve("other").error == std::errc::no_buffer_space);
  f.directory->slow_answered.open();
  CHECK_FALSE(f.wait(waiting).error);
}

TEST_CASE("a name doesn't wait if all threads are stuck") {
  ResolverFixture f({.threads_max = 1, .stuck_after = std::chrono::milliseconds(0)});
  const auto slow = f.ask("slow");
  f.io.poll();
  REQUIRE(f.directory->slow_begun.wait());
  CHECK(f.resolve("fast").error == std::errc::no_buffer_space);
  f.directory->slow_answered.open();
  CHECK_FALSE(f.wait(slow).error);
}

TEST_CASE("an already queued name doesn't wait again if all threads are stuck") {
  const std::chrono::milliseconds stuck_after{400};
  ResolverFixture f({.threads_max = 1, .stuck_after = stuck_after});
  const auto slow = f.ask("slow");
  const auto queued = f.ask("fast");
  f.io.poll();
  REQUIRE(f.directory->slow_begun.wait());
  CHECK(f.resolve("fast", stuck_after).error == std::errc::no_buffer_space);
  CHECK(f.resolve("fast").error == std::errc::no_buffer_space);
  f.directory->slow_answered.open();
  CHECK_FALSE(f.wait(slow).error);
  CHECK_FALSE(f.wait(queued).error);
}

TEST_CASE("a resolver and its io_context may be destroyed during a lookup") {
  auto f = std::make_unique<ResolverFixture>();
  const auto directory = f->directory;
  f->slow_for_ever = true;
  const auto answer = f->ask("slow");
  f->io.poll();
  REQUIRE(directory->slow_begun.wait());
  // Neither waits for the lookup, and its answer comes to nobody.
  SECTION("both at once") {
    const test::Wait wait("a resolver and its io_context to end");
    f.reset();
    CHECK(answer.use_count() == 1);
    directory->slow_answered.open();
    CHECK(directory->slow_ended.wait());
  }
  SECTION("the resolver first") {
    const test::Wait wait("a resolver to end");
    f->resolver.reset();
    directory->slow_answered.open();
    CHECK(directory->slow_ended.wait());
    f->io.restart();
    f->io.poll();
    CHECK_FALSE(answer->has_value());
  }
}
