#include "dispatcher/history/shared_statistics.hpp"

#include <algorithm>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/this_coro.hpp>

#include "samoyed/dispatcher/history.hpp"

namespace samoyed::dispatcher {

SharedStatistics::AnswerPointer SharedStatistics::find(const Query& query) {
  const auto found = answers_.find(query);
  if (found == answers_.end()) return nullptr;
  const Answer& answer = *found->second;
  if (!answer.ended || now_() < answer.ended_at + kept_ms) return found->second;
  answers_.erase(found);
  return nullptr;
}

/// Drops answers that are too old, and the oldest one if there are still too many.
void SharedStatistics::make_room() {
  const auto now = now_();
  std::erase_if(answers_, [&](const auto& entry) {
    return entry.second->ended && now >= entry.second->ended_at + kept_ms;
  });
  if (answers_.size() < answers_max) return;
  const auto oldest = std::ranges::min_element(answers_, {}, [](const auto& entry) {
    const Answer& answer = *entry.second;
    return answer.ended ? answer.ended_at : Clock::time_point::max();
  });
  answers_.erase(oldest);
}

asio::awaitable<HistoryStatistics> SharedStatistics::ask(Query query) {
  const auto executor = co_await asio::this_coro::executor;
  AnswerPointer answer = find(query);
  if (!answer) {
    if (computing_ >= computing_max) {
      throw BusyError("too many different statistics are being computed");
    }
    make_room();
    answer = std::make_shared<Answer>();
    answers_[query] = answer;
    ++computing_;
    // On its own, because the client of the one who asked first may leave.
    asio::co_spawn(executor, compute(query, answer), asio::detached);
  }
  io::Event ended(executor);
  if (!answer->ended) answer->waiting.push_back(&ended);
  while (!answer->ended) co_await ended.wait();
  if (answer->failure) std::rethrow_exception(answer->failure);
  co_return answer->numbers;
}

asio::awaitable<void> SharedStatistics::compute(Query query, AnswerPointer answer) {
  try {
    answer->numbers = co_await compute_(query);
  } catch (...) {
    answer->failure = std::current_exception();
  }
  --computing_;
  answer->ended = true;
  answer->ended_at = now_();
  for (io::Event* const waiter : std::exchange(answer->waiting, {})) waiter->notify();
  const auto found = answers_.find(query);
  // A failure isn't kept. `forget` may have made room for another computation of the same question.
  if (answer->failure && found != answers_.end() && found->second == answer) answers_.erase(found);
}

}  // namespace samoyed::dispatcher
