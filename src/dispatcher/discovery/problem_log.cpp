#include "dispatcher/discovery/problem_log.hpp"

#include <utility>

namespace samoyed::dispatcher {

ProblemLog::Line ProblemLog::after_lookup(std::string_view problem, Clock::time_point now) {
  if (problem.empty()) return std::exchange(named_, false) ? Line::end_of_problems : Line::none;
  if (logged_at_ && now - *logged_at_ < interval) return Line::none;
  logged_at_ = now;
  named_ = true;
  return Line::problem;
}

}  // namespace samoyed::dispatcher
