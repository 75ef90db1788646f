#include <cerrno>

#include <asio/error.hpp>
#include <catch2/catch.hpp>

#include "dispatcher/worker_connection.hpp"
#include "support/dispatcher_fixture.hpp"
#include "support/gate.hpp"

using namespace samoyed::dispatcher;
using namespace samoyed::test;

TEST_CASE("a lack of resources is distinguished from a worker's failure in each error category") {
  for (const int code : {EMFILE, ENFILE, ENOMEM, ENOBUFS}) {
    CAPTURE(code);
    // Asio's sockets report the third category.
    CHECK(is_lack_of_resources({code, std::generic_category()}));
    CHECK(is_lack_of_resources({code, std::system_category()}));
    CHECK(is_lack_of_resources({code, asio::error::get_system_category()}));
  }
  for (const int code : {ECONNREFUSED, ECONNRESET, ETIMEDOUT, EHOSTUNREACH, ECANCELED}) {
    CAPTURE(code);
    CHECK_FALSE(is_lack_of_resources({code, std::generic_category()}));
    CHECK_FALSE(is_lack_of_resources({code, asio::error::get_system_category()}));
  }
  CHECK_FALSE(is_lack_of_resources({}));
}

TEST_CASE("lookups of names that hang don't keep requests from a worker with an IP address") {
  const auto answered = std::make_shared<Gate>();
  const auto hang = [answered](const std::string&) {
    answered->wait();
    return FoundAddresses{asio::error::host_not_found, {}};
  };
  ScriptedPeer worker({serve_all});
  StepTimeouts timeouts = patient;
  timeouts.connect = std::chrono::seconds(1);
  DispatcherFixture fixture({}, DispatchOptions{.timeouts = timeouts, .look_up = hang});
  for (std::size_t i = 0; i < NameResolver::Limits().threads_max; ++i) {
    fixture.list.add({"slow" + std::to_string(i), 1});
  }
  fixture.probe_all();  // From here on, no lookup can begin.
  for (const WorkerRow& row : fixture.list.snapshot()) fixture.list.remove(row.worker.address);

  fixture.list.add({"slow", 1});
  fixture.list.add(worker.address());
  CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
  CHECK(fixture.log.ejections == 0);
  CHECK(fixture.workers_left() == 2);
  answered->open();
}
