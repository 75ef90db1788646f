#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "web/http/reasons.hpp"

namespace samoyed::web {

/// One header field, as it came: names are compared without regard to case.
struct Field {
  std::string name;
  std::string value;
};
using Fields = std::vector<Field>;

/// A request as HttpSession hands it out, free of the HTTP library's types.
struct Request {
  /// As it came; methods are case-sensitive.
  std::string method;
  /// The request line's target, neither decoded nor checked.
  std::string target;
  /// 10 for HTTP/1.0, 11 for HTTP/1.1.
  int version = 11;
  /// Those of the header; a chunked body's trailers are dropped.
  Fields fields;
  /// Without transfer coding. Empty until the whole body was read.
  std::string body;
};

class Feed;

/// What is to be answered. The session adds Date, Content-Length, Connection and the security
/// headers.
struct Response {
  int status = 200;
  Fields fields;
  std::string body;
  /// Ends the connection, whatever the request wished.
  bool close = false;
  /// The body follows in pieces, by `HttpSession::send`; `body` is empty.
  bool stream = false;
  /// The stream has no end of its own: it is whole wherever it ends, as at the server's stop.
  bool endless = false;
  /// With `stream`: where the pieces come from.
  std::shared_ptr<Feed> feed = nullptr;
};

/// Why a request can't be served, before it has become a page.
struct Problem {
  Reason reason = Reason::bad_request;
  /// For a person: what is wrong, and what would be right.
  std::string sentence;

  int status() const { return status_of(reason); }
};

/// Without regard to the case of ASCII letters.
bool equal_ignoring_case(std::string_view a, std::string_view b);

/// Without spaces and tabs at both ends.
std::string_view trimmed(std::string_view text);

/// The value of the first field of that name; empty if there is none.
std::string_view find_field(const Fields& fields, std::string_view name);
std::size_t count_fields(const Fields& fields, std::string_view name);

}  // namespace samoyed::web
