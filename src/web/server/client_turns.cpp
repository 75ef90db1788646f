#include "web/server/client_turns.hpp"

#include <cstddef>
#include <list>
#include <unordered_map>
#include <utility>

#include <asio/post.hpp>

namespace samoyed::web {
namespace {

/// Requests of a client in one round, if others want to have some handled too, and if not.
constexpr std::size_t turns_max = 1;
constexpr std::size_t lone_turns_max = 32;

}  // namespace

struct ClientTurns::State : std::enable_shared_from_this<State> {
  struct Waiting {
    io::Event& wake;
    bool granted = false;
  };
  struct Client {
    std::size_t turns = 0;  ///< In this round.
    std::list<Waiting*> waiting;
  };

  explicit State(asio::any_io_executor on) : executor(std::move(on)) {}

  bool has_turn(const Client& client) const {
    return client.turns < (clients.size() == 1 ? lone_turns_max : turns_max);
  }

  void plan_round() {
    if (std::exchange(round_planned, true)) return;
    asio::post(executor, [self = shared_from_this()] { self->begin_round(); });
  }

  void begin_round() {
    round_planned = false;
    std::erase_if(clients, [](const auto& entry) { return entry.second.waiting.empty(); });
    for (auto& [name, client] : clients) {
      client.turns = 0;
      while (!client.waiting.empty() && has_turn(client)) {
        ++client.turns;
        Waiting* const first = client.waiting.front();
        client.waiting.pop_front();
        first->granted = true;
        first->wake.notify();
      }
    }
    if (!clients.empty()) plan_round();
  }

  const asio::any_io_executor executor;
  /// Those that have taken a turn in this round or wait for one.
  std::unordered_map<std::string, Client> clients;
  bool round_planned = false;
};

ClientTurns::ClientTurns(const asio::any_io_executor& executor)
    : state_(std::make_shared<State>(executor)) {}

asio::awaitable<void> ClientTurns::take(std::string client, io::Event& wake) {
  const auto state = state_;
  State::Client& own = state->clients[client];
  state->plan_round();
  if (own.waiting.empty() && state->has_turn(own)) {
    ++own.turns;
    co_return;
  }
  State::Waiting waiting{wake};
  own.waiting.push_back(&waiting);
  co_await wake.wait();
  // `own` lasts as long as something waits.
  if (!waiting.granted) own.waiting.remove(&waiting);
}

}  // namespace samoyed::web
