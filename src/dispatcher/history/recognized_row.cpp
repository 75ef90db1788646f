#include "samoyed/dispatcher/recognized_row.hpp"

namespace samoyed::dispatcher {

HistoryTimes times_of(const Answer& answer) {
  const auto phases = answer.recognition.times.value_or(protocol::PhaseTimes{});
  return {.queue_ms = phases.queue_ms,
          .transfer_ms = answer.transfer_ms,
          .decode_ms = phases.decode_ms,
          .resize_ms = phases.resize_ms,
          .forward_ms = phases.forward_ms,
          .total_ms = answer.elapsed_ms};
}

HistoryRow recognized_row(const Answer& answer, std::uint64_t image_bytes, std::int64_t time_ms) {
  HistoryRow row;
  const auto& recognition = answer.recognition;
  row.time_ms = time_ms;
  row.image_bytes = image_bytes;
  row.width = recognition.width;
  row.height = recognition.height;
  row.worker = to_string(answer.worker);
  if (answer.model) {
    row.model = answer.model->name;
    row.trained = answer.model->trained;
  }
  row.top = recognition.top;
  row.times = times_of(answer);
  row.thumbnail = recognition.thumbnail;
  row.has_thumbnail = !row.thumbnail.empty();
  return row;
}

}  // namespace samoyed::dispatcher
