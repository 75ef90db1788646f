#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "samoyed/protocol/encoded_image.hpp"
#include "samoyed/protocol/message.hpp"
#include "samoyed/protocol/worker_exchange.hpp"
#include "support/bytes.hpp"

/// A scripted WorkerExchange and a client's messages to it, for the tests.
namespace samoyed::test {

using namespace protocol;

inline const Recognition samoyed_result{
    .top = {{"Samoyed", 258, 0.93}}, .width = 2, .height = 1, .times = {}};
inline const WorkerHello hello_reply{"squeezenet1_1", 1000, true, 100, false};

/// Runs a WorkerExchange and records everything that it does: written bytes as they are, everything
/// else in brackets.
class Script {
 public:
  explicit Script(WorkerExchange::Limits limits = {.image_bytes_max = 100})
      : Script(limits, false) {}
  /// Returns a script whose recognitions end only when the test calls `recognize`.
  static Script slow(WorkerExchange::Limits limits = {.image_bytes_max = 100}) {
    return Script(limits, true);
  }

  void receive(std::string_view bytes) {
    exchange_.received(bytes);
    run();
  }
  void time_out() {
    exchange_.timed_out();
    run();
  }
  void end(std::error_code why = {}) {
    exchange_.ended(why);
    recognizing_ = false;
    run();
  }

  void recognize() {
    recognizing_ = false;
    exchange_.recognized(samoyed_result);
    run();
  }
  /// Sets the current time.
  void set_time(WorkerExchange::Clock::time_point now) { now_ = now; }
  /// Lets time pass, and asks the exchange again whenever `ask_again_at` is reached.
  void pass(std::chrono::milliseconds time) {
    const auto end = now_ + time;
    while (!closed_ && ask_again_at_ && *ask_again_at_ <= end) {
      now_ = *ask_again_at_;
      run();
    }
    now_ = end;
  }

  /// Returns what was recorded since the last call.
  std::string seen() { return std::exchange(seen_, {}); }
  /// The reasons of all images that were refused without a Recognize action.
  const std::vector<RefusalReason>& refused() const { return refused_; }
  bool closed() const { return closed_; }
  /// Number of writes with `repeats` set.
  int repeats() const { return repeats_; }
  /// How often the worker was asked to describe itself.
  int described() const { return described_; }
  WorkerExchange::Step waiting_for() const { return step_; }
  /// When the exchange wants to be asked again at the latest.
  std::optional<WorkerExchange::Clock::time_point> ask_again_at() const { return ask_again_at_; }
  bool takes_early_bytes() const { return exchange_.takes_early_bytes(); }
  std::optional<WorkerExchange::Clock::time_point> wanted_until() const { return wanted_until_; }

 private:
  Script(WorkerExchange::Limits limits, bool slow)
      : slow_(slow), exchange_(limits, [this] {
          ++described_;
          return hello_reply;
        }) {
    run();
  }

  void run() {
    while (!closed_ && !recognizing_) {
      auto action = exchange_.next(now_);
      if (const auto* read = std::get_if<WorkerExchange::Read>(&action)) {
        step_ = read->step;
        ask_again_at_ = read->ask_again_at;
        return;
      }
      if (const auto* write = std::get_if<WorkerExchange::Write>(&action)) {
        if (write->pause.count() > 0) seen_ += "[" + std::to_string(write->pause.count()) + " ms]";
        seen_ += write->bytes;
        if (write->repeats) ++repeats_;
        if (write->refused) refused_.push_back(*write->refused);
      } else if (auto* image = std::get_if<WorkerExchange::Recognize>(&action)) {
        seen_ +=
            "[recognize " + std::string(as_text(image->image_file)) + " " +
            std::to_string(image->top) +
            (image->thumbnail_side ? " " + std::to_string(*image->thumbnail_side) + " px" : "") +
            "]";
        wanted_until_ = image->wanted_until;
        recognizing_ = slow_;
        if (!slow_) exchange_.recognized(samoyed_result);
      } else {
        const auto why = std::get<WorkerExchange::Close>(action).why;
        seen_ += why ? "[closed: " + why.message() + "]" : "[closed]";
        closed_ = true;
      }
    }
  }

  const bool slow_ = false;
  int described_ = 0;
  bool recognizing_ = false;
  WorkerExchange exchange_;
  WorkerExchange::Clock::time_point now_;
  std::optional<WorkerExchange::Clock::time_point> wanted_until_;
  WorkerExchange::Step step_{};
  std::optional<WorkerExchange::Clock::time_point> ask_again_at_;
  int repeats_ = 0;
  std::string seen_;
  std::vector<RefusalReason> refused_;
  bool closed_ = false;
};

inline std::string image_message(std::string_view file) {
  return std::string(EncodedImage(as_bytes(file)).message());
}

inline std::string damaged(std::string message) {
  message.back() = message.back() == '1' ? '2' : '1';
  return message;
}

inline const std::string size = data_message("8");
inline const std::string image = image_message("foobar");
inline const std::string plain_result = data_message("Samoyed:0.93");
inline const std::string extended_result =
    data_message(format_result(samoyed_result, Dialect::extended));

}  // namespace samoyed::test
