#pragma once

namespace samoyed::web {

/// Format of an endpoint's errors.
enum class ErrorFormat {
  page,       ///< An HTML page.
  text,       ///< One line of text.
  api,        ///< application/problem+json (RFC 9457).
  inference,  ///< JSON in the format of the Open Inference Protocol.
};

/// The type of body that an endpoint accepts.
enum class Body {
  none,     ///< Nothing, or a few kB.
  form,     ///< Images as multipart/form-data.
  image,    ///< A form with one image, or the bytes of one image file.
  images,   ///< A form with one or more images, or the bytes of one image file.
  tensors,  ///< Images in the format of the Open Inference Protocol.
};

/// The rules of one endpoint. The guards (guards.hpp) enforce them before its handler runs.
struct Policy {
  ErrorFormat errors = ErrorFormat::page;
  Body body = Body::none;
  /// Accepts every host name, because health probes don't know the right one.
  bool any_host = false;
  /// Requires the admin token, if one is set.
  bool admin = false;
  /// If no admin token is set, accepts only clients on this machine and in private networks.
  bool local_only = false;
  /// Shows or changes a visitor's results. Such endpoints, and those that add results, wait until a
  /// visitor who needs a new id has got it; others don't know the visitor.
  bool of_visitor = false;
  /// Takes no images but makes a worker work, so a request counts as an upload in progress.
  bool takes_slot = false;
  /// Changes something even with GET.
  bool acts_on_get = false;
  /// A GET endpoint also answers HEAD.
  bool head = true;
  /// Answers with a page, text or JSON, as the client accepts.
  bool negotiates = false;
};

}  // namespace samoyed::web
