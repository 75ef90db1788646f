#include "worker/announce/announcer.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <spawn.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "worker/announce/announcer_program.hpp"

namespace samoyed::worker {
namespace {

/// The announcer gives up a call in progress within a second, and its last one after two.
constexpr std::chrono::seconds withdraw_time_max{4};

/// Starts the program with `socket` as its descriptor announcer_socket. Returns 0 or an error
/// number.
int spawn_announcer(const std::filesystem::path& program, int socket,
                    const AnnouncerArguments& arguments) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, socket, announcer_socket);
  std::vector<std::string> words = announcer_words(arguments);
  words.insert(words.begin(), program.string());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  pid_t process = 0;
  const int error = posix_spawn(&process, pointers[0], &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

}  // namespace

const bool has_announcer = SAMOYED_HAS_ANNOUNCER != 0;

Announcer::Announcer(const asio::any_io_executor& executor, const std::filesystem::path& program,
                     const AnnouncerArguments& arguments)
    : socket_(executor), ended_(executor) {
  int ends[2] = {};
  int error = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0 ? 0 : errno;
  if (error == 0) {
    socket_.assign(asio::local::stream_protocol(), ends[0]);
    error = spawn_announcer(program, ends[1], arguments);
    close(ends[1]);
  }
  if (error == 0) return;
  throw std::runtime_error("can't start " + program.string() + ": " + std::strerror(error) +
                           "; it belongs beside samoyed-worker");
}

void Announcer::announce(const std::string& address) {
  send(address + "\n");
  asio::co_spawn(socket_.get_executor(), watch(), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
}

/// The socket has room for the few bytes that the worker ever says.
void Announcer::send(const std::string& text) {
  std::error_code gone;  // Then `watch` says so.
  socket_.send(asio::buffer(text), 0, gone);
}

asio::awaitable<void> Announcer::watch() {
  char byte = 0;
  std::error_code end_of_stream;
  co_await socket_.async_receive(asio::buffer(&byte, 1),
                                 asio::redirect_error(asio::use_awaitable, end_of_stream));
  has_ended_ = true;
  if (!withdrawing_) {
    spdlog::error("samoyed-announcer has ended: the dispatcher is no longer told of this worker");
  }
  ended_.notify();
}

asio::awaitable<void> Announcer::withdraw() {
  withdrawing_ = true;
  send(std::string(1, withdraw_byte));
  const auto deadline = io::Event::Clock::now() + withdraw_time_max;
  while (!has_ended_ && io::Event::Clock::now() < deadline) {
    co_await ended_.wait_until(deadline);
  }
  if (!has_ended_) spdlog::warn("stopping without waiting any longer for the dispatcher");
}

}  // namespace samoyed::worker
