#pragma once

namespace samoyed::web {

/// Format of an endpoint's errors.
enum class ErrorFormat {
  page,       ///< A page for a person.
  api,        ///< application/problem+json (RFC 9457).
  inference,  ///< As the Open Inference Protocol has it.
};

/// What a request to an endpoint carries in its body.
enum class Body {
  none,     ///< Nothing but what fits in a few kB.
  form,     ///< Images as multipart/form-data.
  image,    ///< The same with one image, or the bytes of an image file.
  images,   ///< A form with one or more fields `file`, or the bytes of one image file.
  tensors,  ///< Images as the Open Inference Protocol sends them.
};

/// The rules of one endpoint. The guards (guards.hpp) enforce them before its handler runs.
struct Policy {
  ErrorFormat errors = ErrorFormat::page;
  Body body = Body::none;
  /// Answers under every host name: health probes know none.
  bool any_host = false;
  /// Requires the admin token, if one is set.
  bool admin = false;
  /// Without a token, only for this machine and the private networks.
  bool local_only = false;
  /// Changes something even by GET.
  bool acts_on_get = false;
  /// A GET endpoint also answers HEAD.
  bool head = true;
};

}  // namespace samoyed::web
