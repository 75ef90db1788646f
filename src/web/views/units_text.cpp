#include "web/views/units_text.hpp"

#include "samoyed/dispatcher/history_export.hpp"
#include "web/views/number_text.hpp"

namespace samoyed::web {

std::string milliseconds_text(double milliseconds) {
  return fixed_text(milliseconds, milliseconds < 100 ? 1 : 0) + " ms";
}

std::string bytes_text(std::uint64_t bytes) {
  if (bytes < 1000) return std::to_string(bytes) + " bytes";
  const auto thousands = static_cast<double>(bytes) / 1000;
  // A size that would round to 1000 kB is shown in MB.
  if (thousands < 999.5) return fixed_text(thousands, 0) + " kB";
  return fixed_text(thousands / 1000, 1) + " MB";
}

std::string time_text(std::int64_t time_ms) {
  const std::string utc = dispatcher::utc_text(time_ms);
  const std::size_t date_end = utc.find('T');
  const std::size_t time_end = utc.find('.');
  if (date_end == utc.npos || time_end == utc.npos) return utc;
  return utc.substr(0, date_end) + " " + utc.substr(date_end + 1, time_end - date_end - 1) + " UTC";
}

}  // namespace samoyed::web
