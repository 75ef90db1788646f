// When an image is sent right after its size, and what happens if the worker refuses the size.

#include <catch2/catch.hpp>

#include "support/dispatcher_fixture.hpp"

using namespace samoyed;
using namespace samoyed::test;

namespace {

const std::string size_and_image = size + std::string(image->message());

std::string reply(bool takes_pipelining) {
  return data_message(protocol::format_hello({.model = "squeezenet1_1",
                                              .label_count = 1000,
                                              .image_bytes_max = 1000,
                                              .takes_pipelining = takes_pipelining}));
}

/// Answers hello and serves the first exchange, in which each step waits for its answer.
bool serve_first(Connection& peer, bool takes_pipelining) {
  if (!peer.expect(hello)) return false;
  peer.send(reply(takes_pipelining));
  return serve(peer);
}

}  // namespace

TEST_CASE("on a reused connection the image follows its size at once if the worker allows it") {
  ScriptedPeer worker({[](Connection& peer) {
    if (!serve_first(peer, true) || !peer.expect(size_and_image)) return;
    peer.send("AA" + json_result);
    peer.expect("A");
  }});
  DispatcherFixture fixture({&worker});
  CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
  CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
  CHECK(worker.connections() == 1);
}

TEST_CASE("a worker without pipelining gets the image only after it has answered the size") {
  ScriptedPeer worker({[](Connection& peer) {
    if (serve_first(peer, false)) serve(peer);
  }});
  DispatcherFixture fixture({&worker});
  CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
  CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
}

TEST_CASE("if a pipelined size is refused, size and image are sent on a fresh connection") {
  ScriptedPeer worker({[](Connection& peer) {
                         if (!serve_first(peer, true) || !peer.expect(size_and_image)) return;
                         peer.send("N");
                         peer.wait_for_end();
                       },
                       [](Connection& peer) { serve_first(peer, true); }});
  DispatcherFixture fixture({&worker});
  CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
  CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
  CHECK(worker.connections() == 2);
  CHECK(fixture.workers_left() == 1);
}

TEST_CASE(
    "on a fresh connection the image waits for its size's answer, so the size may be refused") {
  ScriptedPeer worker({[](Connection& peer) {
    if (!peer.expect(hello)) return;
    peer.send(reply(true));
    if (!peer.expect(size)) return;
    peer.send("N");
    serve(peer);
  }});
  DispatcherFixture fixture({&worker});
  CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
  CHECK(fixture.log.ejections == 0);
}
