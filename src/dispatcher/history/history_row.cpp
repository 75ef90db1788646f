#include "samoyed/dispatcher/history_row.hpp"

namespace samoyed::dispatcher {

std::string to_string(HistorySource source) {
  switch (source) {
    case HistorySource::page:
      return "page";
    case HistorySource::api:
      return "api";
    case HistorySource::job:
      break;
  }
  return "job";
}

}  // namespace samoyed::dispatcher
