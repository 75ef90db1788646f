#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "web/routes/inference.hpp"
#include "web/routes/route_table.hpp"

namespace samoyed::web {

/// One picture of an upload.
struct Picture {
  /// As its sender names it; may be empty, or hold anything.
  std::string file_name;
  /// The file, within the request's body or the upload's `decoded`; never empty.
  std::string_view image;
};

/// Pictures that are to be recognised before the request can be answered, and how the answer is to be
/// told.
struct Upload {
  Style style = Style::page;
  /// At least one.
  std::vector<Picture> pictures;
  /// Labels wanted; nothing: as many as the workers give.
  std::optional<int> top = std::nullopt;
  /// The model that shall answer; empty: any.
  std::string model = {};
  /// For the style `inference`.
  InferenceWish wish = {};
  /// Where pictures came in another form than their own: what they were turned into.
  std::vector<std::string> decoded = {};
  /// To be put among the jobs, not to be waited for.
  bool queued = false;
};

/// Whether one picture that is not recognised is the end of all: a person sees what became of each.
inline bool stops_at_failure(const Upload& upload) {
  return upload.style != Style::page || upload.pictures.size() == 1;
}

/// For showing a picture again with its answer.
struct Preview {
  /// As ResultView has them.
  std::string_view type;
  std::string_view base64;
};

}  // namespace samoyed::web
