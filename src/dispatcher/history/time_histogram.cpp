#include "dispatcher/history/time_histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace samoyed::dispatcher {
namespace {

constexpr int bins_per_octave_bits = 6;
constexpr std::uint64_t bins_per_octave = 1U << bins_per_octave_bits;
/// Each bin below this number holds one microsecond.
constexpr std::uint64_t exact_bins = 2 * bins_per_octave;
constexpr std::size_t encoded_bin_bytes = 6;

std::uint16_t bin_of(std::uint64_t time_us) {
  if (time_us < exact_bins) return static_cast<std::uint16_t>(time_us);
  const int shift = static_cast<int>(std::bit_width(time_us)) - bins_per_octave_bits - 1;
  const auto octave = static_cast<std::uint64_t>(shift) * bins_per_octave;
  return static_cast<std::uint16_t>(octave + (time_us >> shift));
}

/// The middle of a bin, in milliseconds.
double middle_ms(std::uint16_t bin) {
  if (bin < exact_bins) return bin / 1000.0;
  const std::uint64_t shift = bin / bins_per_octave - 1;
  const std::uint64_t lowest_us = (bin - shift * bins_per_octave) << shift;
  const auto width_us = static_cast<double>(std::uint64_t{1} << shift);
  return (static_cast<double>(lowest_us) + (width_us - 1) / 2) / 1000;
}

void append_big_endian(std::string& text, std::uint64_t value, int bytes) {
  for (int byte = bytes - 1; byte >= 0; --byte) {
    text += static_cast<char>((value >> (8 * byte)) & 0xff);
  }
}

std::uint64_t read_big_endian(std::string_view text) {
  std::uint64_t value = 0;
  for (const char byte : text) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

}  // namespace

std::uint64_t to_microseconds(double time_ms) {
  const double time_us = std::round(time_ms * 1000);
  if (!(time_us > 0)) return 0;
  return time_us < static_cast<double>(time_us_max) ? static_cast<std::uint64_t>(time_us)
                                                    : time_us_max;
}

void TimeHistogram::count(std::uint16_t number, std::int64_t change) {
  auto place = std::ranges::lower_bound(bins_, number, {}, &Bin::number);
  if (place == bins_.end() || place->number != number) place = bins_.insert(place, {number, 0});
  place->count += change;
  if (place->count == 0) bins_.erase(place);
}

void TimeHistogram::add(std::uint64_t time_us, std::int64_t change) {
  count(bin_of(std::min(time_us, time_us_max)), change);
}

void TimeHistogram::merge(const TimeHistogram& other) {
  for (const Bin& bin : other.bins_) count(bin.number, bin.count);
}

double TimeHistogram::percentile_ms(double share) const {
  std::int64_t all = 0;
  for (const Bin& bin : bins_) all += bin.count;
  const double rank = std::max(1.0, std::ceil(share * static_cast<double>(all)));
  std::int64_t passed = 0;
  for (const Bin& bin : bins_) {
    passed += bin.count;
    if (static_cast<double>(passed) >= rank) return middle_ms(bin.number);
  }
  return 0;
}

std::string TimeHistogram::encode() const {
  std::string bytes;
  bytes.reserve(bins_.size() * encoded_bin_bytes);
  for (const Bin& bin : bins_) {
    append_big_endian(bytes, bin.number, 2);
    append_big_endian(bytes, static_cast<std::uint64_t>(bin.count), 4);
  }
  return bytes;
}

std::optional<TimeHistogram> TimeHistogram::decode(std::string_view bytes) {
  if (bytes.size() % encoded_bin_bytes != 0) return std::nullopt;
  TimeHistogram histogram;
  histogram.bins_.reserve(bytes.size() / encoded_bin_bytes);
  for (int last = -1; !bytes.empty(); bytes.remove_prefix(encoded_bin_bytes)) {
    const auto number = static_cast<std::uint16_t>(read_big_endian(bytes.substr(0, 2)));
    if (number <= last || number > bin_of(time_us_max)) return std::nullopt;
    last = number;
    const std::uint64_t count = read_big_endian(bytes.substr(2, 4));
    histogram.bins_.push_back({number, static_cast<std::int64_t>(count)});
  }
  return histogram;
}

}  // namespace samoyed::dispatcher
