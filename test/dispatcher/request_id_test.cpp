#include <catch2/catch.hpp>

#include "support/dispatch_house.hpp"

namespace samoyed::dispatcher {
namespace {

using namespace test;

TEST_CASE("tries and removals are told with the id of the request that led to them") {
  ScriptedPeer faulty({[](Connection& peer) { peer.send("nonsense"); }});
  ScriptedPeer good({serve_all});
  House house({&faulty, &good});
  house.request_id = "mine-1";
  CHECK(house.classify() == "Samoyed by squeezenet1_1");
  CHECK(house.log.request_ids == std::vector<std::string>{"mine-1", "mine-1", "mine-1"});
  CHECK(house.log.tries == 2);
  CHECK(house.log.removals == 1);
}

}  // namespace
}  // namespace samoyed::dispatcher
