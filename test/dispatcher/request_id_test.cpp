#include <catch2/catch.hpp>

#include "support/dispatcher_fixture.hpp"

namespace samoyed::dispatcher {
namespace {

using namespace test;

TEST_CASE("attempts and ejections are reported with the id of the request that led to them") {
  ScriptedPeer faulty({[](Connection& peer) { peer.send("nonsense"); }});
  ScriptedPeer good({serve_all});
  DispatcherFixture fixture({&faulty, &good});
  fixture.request_id = "mine-1";
  CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
  CHECK(fixture.log.request_ids == std::vector<std::string>{"mine-1", "mine-1", "mine-1"});
  CHECK(fixture.log.attempts == 2);
  CHECK(fixture.log.ejections == 1);
}

}  // namespace
}  // namespace samoyed::dispatcher
