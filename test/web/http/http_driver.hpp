#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "web/http/http_session.hpp"

namespace samoyed::test {

/// Drives an HttpSession without sockets. It answers each request with the method, target and body
/// that the session parsed, and records what the session writes. Time passes only when a test
/// advances it.
class HttpDriver {
 public:
  static constexpr web::HttpSession::Limits limits{512, 1000, 8, 1000};

  explicit HttpDriver(const web::ServerTimeouts& wanted = {})
      : timeouts(wanted), session(limits, timeouts) {}

  /// Passes bytes to the session, and does everything that follows from them.
  void receive(std::string_view bytes) {
    session.received(bytes);
    step();
  }

  void end() {
    session.ended();
    step();
  }

  void advance(std::chrono::milliseconds time) {
    now.steady += time;
    step();
  }

  /// Runs until the session wants to read or close.
  void step() {
    while (!closed) {
      auto action = session.next(now);
      if (const auto* to_read = std::get_if<web::HttpSession::Read>(&action)) {
        until = to_read->until;
        return;
      }
      if (const auto* to_write = std::get_if<web::HttpSession::Write>(&action)) {
        output += to_write->header + to_write->body;
      } else if (const auto* to_consider = std::get_if<web::HttpSession::Consider>(&action)) {
        consider(*to_consider->head);
      } else if (auto* to_serve = std::get_if<web::HttpSession::Serve>(&action)) {
        requests.push_back(to_serve->request);
        statuses.push_back(200);
        const auto& request = requests.back();
        session.respond({200, {}, request.method + " " + request.target + " " + request.body});
      } else if (const auto* to_refuse = std::get_if<web::HttpSession::Refuse>(&action)) {
        statuses.push_back(to_refuse->problem.status());
        session.respond({to_refuse->problem.status(), {}, to_refuse->problem.sentence});
      } else {
        closed = true;
        lingered = std::get<web::HttpSession::Close>(action).linger;
      }
    }
  }

  web::ServerTimeouts timeouts;
  web::HttpSession session;
  web::HttpSession::Now now;
  std::string output;
  std::vector<int> statuses;
  std::vector<web::Request> requests;
  web::HttpSession::Clock::time_point until;
  bool closed = false;
  bool lingered = false;

 private:
  void consider(const web::Request& head) {
    if (head.target != "/unwanted") {
      session.proceed();
      return;
    }
    statuses.push_back(404);
    session.respond({404, {}, "unwanted"});
  }
};

/// Returns how often `text` contains `part`.
inline std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace samoyed::test
