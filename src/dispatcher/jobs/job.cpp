#include "samoyed/dispatcher/job.hpp"

namespace samoyed::dispatcher {

std::string to_string(JobState state) {
  switch (state) {
    case JobState::waiting:
      return "waiting";
    case JobState::running:
      return "running";
    case JobState::done:
      return "done";
    case JobState::failed:
      break;
  }
  return "failed";
}

}  // namespace samoyed::dispatcher
