#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#include "samoyed/dispatcher/classifier.hpp"

namespace samoyed::dispatcher {

/// Forwards interactive requests and counts them, so that jobs can let them go first.
///
/// Thread rule: the same as for the classifier behind it, which must outlive it. A request that is
/// still in flight when the program ends may outlive both.
class InteractiveClassifier final : public Classifier {
 public:
  explicit InteractiveClassifier(Classifier& classifier) : classifier_(classifier) {}
  ~InteractiveClassifier() override {
    state_->on_end = [] {};
  }

  asio::awaitable<Outcome> classify(ClassifyRequest request) override {
    const Count count(state_);
    auto outcome = classifier_.classify(std::move(request));
    co_return co_await std::move(outcome);
  }

  std::size_t in_flight() const { return state_->in_flight; }

  /// `call` is called after each request.
  void on_end(std::function<void()> call) { state_->on_end = std::move(call); }

 private:
  struct State {
    std::size_t in_flight = 0;
    std::function<void()> on_end = [] {};
  };
  struct Count {
    explicit Count(std::shared_ptr<State> counted) : state(std::move(counted)) {
      ++state->in_flight;
    }
    ~Count() {
      --state->in_flight;
      state->on_end();
    }
    Count(const Count&) = delete;
    Count& operator=(const Count&) = delete;
    std::shared_ptr<State> state;
  };

  Classifier& classifier_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace samoyed::dispatcher
