#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "dispatcher/health_monitor.hpp"
#include "samoyed/dispatcher/dispatcher.hpp"
#include "samoyed/protocol/message.hpp"
#include "samoyed/protocol/wire.hpp"
#include "support/bytes.hpp"
#include "support/scripted_peer.hpp"
#include "support/wait.hpp"

namespace samoyed::test {

using protocol::data_message;
using Connection = ScriptedPeer::Connection;

/// Timeouts far above what a loaded machine needs, and short ones for tests that expect a timeout.
inline constexpr dispatcher::StepTimeouts patient{.connect = std::chrono::seconds(20),
                                                  .answer = std::chrono::seconds(20),
                                                  .image = std::chrono::seconds(20),
                                                  .result = std::chrono::seconds(20)};
inline constexpr dispatcher::StepTimeouts impatient{.connect = std::chrono::milliseconds(300),
                                                    .answer = std::chrono::milliseconds(300),
                                                    .image = std::chrono::milliseconds(300),
                                                    .result = std::chrono::milliseconds(300)};

inline const auto image = std::make_shared<const protocol::EncodedImage>(as_bytes("foobar"));
inline const std::string hello = data_message("hello");
inline const std::string size = data_message("8");
inline const std::string plain_result = data_message("Samoyed:0.93");
inline const std::string hello_reply =
    data_message(protocol::format_hello({"squeezenet1_1", 1000, true, 1000, false}));
inline const std::string json_result = data_message(
    R"({"top":[{"label":"Samoyed","probability":0.93,"class":258}],"width":2,"height":1})");

/// A worker's result.
inline const protocol::Recognition seen{
    .top = {{"Samoyed", 258, 0.93}}, .width = 0, .height = 0, .times = {}};

inline const std::string no_worker = "Error: No active worker!";
inline const std::string closed_on =
    "This image can't be recognized: workers closed the connection after they received it.";
inline const std::string too_late = "No worker answered in time. Try again in a moment.";

/// Answers one exchange like a Samoyed worker.
inline bool serve(Connection& peer) {
  if (!peer.expect(size)) return false;
  peer.send("A");
  if (!peer.expect(image->message())) return false;
  peer.send("A" + json_result);
  return peer.expect("A");
}

/// Answers a hello like a Samoyed worker.
inline void greet(Connection& peer) {
  peer.expect(hello);
  peer.send(hello_reply);
}

/// Serves a connection like a Samoyed worker until the client closes it.
inline void serve_all(Connection& peer) {
  if (!peer.expect(hello)) return;
  peer.send(hello_reply);
  while (serve(peer)) {
  }
}

/// Answers a hello like a reference server.
inline void answer_hello_plainly(Connection& peer) {
  peer.expect(hello);
  peer.send("A");
}

/// Serves one exchange like a reference server.
inline void serve_plain(Connection& peer) {
  peer.expect(size);
  peer.send("A");
  peer.expect(image->message());
  peer.send("A");
  peer.send(plain_result);
  peer.expect("A");
}

class Log final : public dispatcher::DispatchObserver {
 public:
  void on_attempt(const dispatcher::Worker&, const std::string& request_id) override {
    ++attempts;
    request_ids.push_back(request_id);
  }
  void on_ejected(const dispatcher::Worker&, const std::string& reason,
                  const std::string& request_id) override {
    ++ejections;
    why = reason;
    request_ids.push_back(request_id);
  }
  void on_draining(const dispatcher::Worker&) override { ++drained; }
  void on_left(const dispatcher::Worker&) override { ++left; }
  void on_readmitted(const dispatcher::Worker&) override { ++readmissions; }
  void on_forgotten(const dispatcher::Worker&) override { ++forgotten; }
  void on_model_changed(const dispatcher::Worker&, const dispatcher::WorkerModel& before,
                        const dispatcher::WorkerModel& now) override {
    model_changes += before.name + ">" + now.name + " ";
  }
  std::string model_changes;  ///< `BEFORE>NOW ` each.
  int attempts = 0;
  int drained = 0;
  int left = 0;
  int ejections = 0;
  int readmissions = 0;
  int forgotten = 0;
  std::string why;                       ///< Reason of the last ejection.
  std::vector<std::string> request_ids;  ///< Ids of attempts and ejections, in order.
};

/// A dispatcher with some workers, and its clients.
class DispatcherFixture {
 public:
  explicit DispatcherFixture(const std::vector<const ScriptedPeer*>& peers,
                             dispatcher::StepTimeouts timeouts = patient)
      : DispatcherFixture(peers, dispatcher::DispatchOptions{.timeouts = timeouts}) {}
  DispatcherFixture(const std::vector<const ScriptedPeer*>& peers,
                    dispatcher::DispatchOptions options, dispatcher::HealthOptions health = {},
                    dispatcher::DefaultModel default_model = {})
      : list([this] { on_change(); }, health, std::move(default_model)),
        dispatcher(io.get_executor(), list, log, std::move(options)) {
    for (const auto* peer : peers) list.add(peer->address());
  }

  /// Classifies one image and runs all background work to its end. Returns a description of the
  /// outcome.
  std::string classify(std::chrono::milliseconds within = std::chrono::hours(1)) {
    const Wait wait("an image's outcome, and the end of all background work");
    std::string words;
    start(words, within);
    io.restart();
    io.run();
    return words;
  }

  /// Starts to classify one image, and stores a description of the outcome in `words` when it is
  /// available. The caller must run the io_context.
  void start(std::string& words, std::chrono::milliseconds within = std::chrono::hours(1),
             asio::cancellation_slot cancelled = {}) {
    dispatcher::ClassifyRequest request{.image = image,
                                        .thumbnail_side = thumbnail_side,
                                        .model = model,
                                        .client = client,
                                        .request_id = request_id,
                                        .deadline = dispatcher::Clock::now() + within,
                                        .cancelled = cancelled};
    asio::co_spawn(io, dispatcher.classify(std::move(request)),
                   [&](std::exception_ptr failure, const dispatcher::Outcome& outcome) {
                     words = failure ? "an exception" : describe_outcome(outcome);
                     const auto* answer = std::get_if<dispatcher::Answer>(&outcome);
                     if (answer && !failure) last_answer = *answer;
                   });
  }

  /// Runs until the condition holds. The time limit only prevents hanging.
  bool run_until(const std::function<bool()>& condition) {
    const auto limit = dispatcher::Clock::now() + wait_max();
    while (!condition() && dispatcher::Clock::now() < limit) {
      io.restart();
      io.run_one_for(std::chrono::milliseconds(10));
    }
    return condition();
  }

  void probe_all() {
    const Wait wait("the end of a probe of each worker");
    for (const dispatcher::WorkerRow& row : list.snapshot()) {
      asio::co_spawn(
          io, dispatcher.probe(row.worker),
          [](std::exception_ptr failure, const dispatcher::ProbeEnd&) { CHECK_FALSE(failure); });
    }
    io.restart();
    io.run();
  }

  std::size_t workers_left() const { return list.in_rotation_count(); }

  asio::io_context io{1};
  std::function<void()> on_change = [] {};  ///< Called when the list changes.
  dispatcher::WorkerList list;
  Log log;
  dispatcher::Dispatcher dispatcher;
  // The parameters of every request:
  std::optional<int> thumbnail_side;
  std::string model;
  std::string client;
  std::string request_id;
  dispatcher::Answer last_answer;

 private:
  static std::string describe_outcome(const dispatcher::Outcome& outcome) {
    if (const auto* failure = std::get_if<dispatcher::Failure>(&outcome)) {
      return describe(*failure);
    }
    const auto& answer = std::get<dispatcher::Answer>(outcome);
    return answer.recognition.top.at(0).label + (answer.model ? " by " + answer.model->name : "");
  }
};

}  // namespace samoyed::test
