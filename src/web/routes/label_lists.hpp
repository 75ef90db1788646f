#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include "samoyed/dispatcher/outcome.hpp"
#include "samoyed/dispatcher/worker_list.hpp"
#include "web/views/api_json.hpp"

namespace samoyed::web {

/// A question to the workers for the labels of a model, and its answer. Everyone who asks the same
/// meanwhile waits for that answer.
class LabelQuestion {
 public:
  /// Empty until the answer is there, and after an internal error.
  using Answer = std::variant<std::monostate, LabelList, dispatcher::Failure>;

  LabelQuestion(const asio::any_io_executor& executor, dispatcher::WorkerModel model)
      : model_(std::move(model)), ended_(executor, std::chrono::steady_clock::time_point::max()) {}

  /// Returns once the question has ended.
  asio::awaitable<void> wait() {
    std::error_code ignored;  // The end of the question cancels the wait.
    if (!ended()) co_await ended_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  void end(std::chrono::steady_clock::time_point now) {
    ended_at_ = now;
    ended_.cancel();
  }

  bool ended() const { return ended_at_.has_value(); }
  /// The question must have ended.
  std::chrono::steady_clock::time_point ended_at() const { return *ended_at_; }
  const dispatcher::WorkerModel& model() const { return model_; }

  Answer answer;

 private:
  const dispatcher::WorkerModel model_;
  asio::steady_timer ended_;
  std::optional<std::chrono::steady_clock::time_point> ended_at_;
};

/// The labels that workers have named, and the questions for others. Pure, but for the waits.
///
/// Thread rule: the web server's thread.
class LabelLists {
 public:
  using Clock = std::chrono::steady_clock;
  using Question = std::shared_ptr<LabelQuestion>;

  /// How long a list is kept. Workers may name other labels after a restart.
  static constexpr std::chrono::minutes kept_time{10};
  /// The most questions at the same time.
  static constexpr std::size_t asked_max = 4;

  /// Returns the list of a model, or the question for it that is in progress; null if there is
  /// none. Forgets the lists that are too old, and those of models that no worker runs anymore.
  Question find(const dispatcher::WorkerModel& model,
                const std::vector<dispatcher::ModelRow>& models, Clock::time_point now) {
    std::erase_if(questions_, [&](const auto& entry) {
      const LabelQuestion& question = *entry.second;
      if (!question.ended()) return false;
      const auto same = [&](const dispatcher::ModelRow& row) {
        return row.model == question.model();
      };
      return now >= question.ended_at() + kept_time || std::ranges::none_of(models, same);
    });
    const auto found = questions_.find(model.name);
    const bool known = found != questions_.end() && found->second->model() == model;
    return known ? found->second : nullptr;
  }

  bool full() const { return asked_ >= asked_max; }

  /// Begins a question. Whoever asks must end it.
  Question begin(const asio::any_io_executor& executor, const dispatcher::WorkerModel& model) {
    ++asked_;
    return questions_[model.name] = std::make_shared<LabelQuestion>(executor, model);
  }

  /// Ends a question. Only a list is kept.
  void end(const Question& question, Clock::time_point now) {
    --asked_;
    question->end(now);
    const auto found = questions_.find(question->model().name);
    const bool kept = std::holds_alternative<LabelList>(question->answer);
    if (!kept && found != questions_.end() && found->second == question) questions_.erase(found);
  }

 private:
  std::map<std::string, Question> questions_;  ///< By the name of the model.
  std::size_t asked_ = 0;
};

}  // namespace samoyed::web
