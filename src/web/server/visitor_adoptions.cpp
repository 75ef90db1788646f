#include "web/server/visitor_adoptions.hpp"

#include <exception>
#include <optional>
#include <system_error>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

namespace samoyed::web {

/// One old id. Shared with the coroutine that changes the history, which may take longer than
/// anybody waits.
struct VisitorAdoptions::Adoption {
  Adoption(const asio::any_io_executor& executor, CookieVisitor visitor, Clock::time_point now)
      : fresh(std::move(visitor)), decided(executor, now + wait_max) {}

  const CookieVisitor fresh;
  std::optional<End> end;
  Clock::time_point ended_at;  ///< Set with `end`.
  bool given = false;          ///< Somebody has got the new id.
  asio::steady_timer decided;  ///< Any number of requests wait for it.
};

asio::awaitable<VisitorAdoptions::Result> VisitorAdoptions::adopt(dispatcher::History& history,
                                                                  std::string former,
                                                                  dispatcher::Adopted what,
                                                                  CookieVisitor fresh) {
  forget_old(Clock::now());
  std::shared_ptr<Adoption> adoption;
  if (const auto known = adoptions_.find(former); known != adoptions_.end()) {
    adoption = known->second;
  } else {
    if (adoptions_.size() >= adoptions_max) co_return Result{End::undecided, {}};
    const auto executor = co_await asio::this_coro::executor;
    adoption = std::make_shared<Adoption>(executor, std::move(fresh), Clock::now());
    adoptions_.emplace(former, adoption);
    asio::co_spawn(executor, history.adopt(former, adoption->fresh.visitor, what),
                   [adoption](std::exception_ptr failure, bool moved) {
                     adoption->end = failure ? End::undecided : moved ? End::adopted : End::unknown;
                     adoption->ended_at = Clock::now();
                     adoption->decided.cancel();
                   });
  }
  if (!adoption->end) {
    std::error_code ignored;  // Both the decision and the timeout end the wait.
    co_await adoption->decided.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  const End end = adoption->end.value_or(End::undecided);
  if (adoption->end && end != End::adopted) {
    // The next request asks the history again.
    std::erase_if(adoptions_, [&](const auto& each) { return each.second == adoption; });
  }
  if (end == End::adopted && !std::exchange(adoption->given, true)) {
    history.confirm_adoption(std::move(former));
  }
  co_return Result{end, adoption->fresh};
}

void VisitorAdoptions::forget_old(Clock::time_point now) {
  std::erase_if(adoptions_, [now](const auto& each) {
    return each.second->end && now - each.second->ended_at >= repeat_time;
  });
}

}  // namespace samoyed::web
