#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/post.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>

#include "dispatcher/history/database_thread.hpp"

namespace samoyed::dispatcher {

/// Runs the blocking function `work()` on a thread pool. Returns its result on the awaiting
/// coroutine's executor, or throws its exception.
template <typename Work>
asio::awaitable<std::invoke_result_t<Work&>> run_on(asio::thread_pool& pool, Work work) {
  using Value = std::invoke_result_t<Work&>;
  auto value = std::make_shared<std::optional<Value>>();
  auto initiate = [&pool, work, value](auto handler) {
    auto done = detail::completion(std::move(handler));
    asio::post(pool, [work, value, done]() mutable {
      std::exception_ptr failure;
      try {
        *value = work();
      } catch (...) {
        failure = std::current_exception();
      }
      done(failure);
    });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(std::exception_ptr)>(
      std::move(initiate), asio::use_awaitable);
  co_return std::move(**value);
}

}  // namespace samoyed::dispatcher
