#pragma once

#include "web/http/http_message.hpp"
#include "web/routes/request_context.hpp"
#include "web/routes/services.hpp"

namespace samoyed::web {

/// An error in the format of the request's endpoint. A page also shows the workers, as far as the
/// client may see them.
Response error_response(const Services& services, const RequestContext& context,
                        const Problem& problem);

/// The same for a client that may be unknown, or asked for another site: shows no workers.
Response anonymous_error_response(const Services& services, const RequestContext& context,
                                  const Problem& problem);

/// The error of an image with more bytes than the site takes.
Problem too_large(std::uint64_t image_bytes_max);

/// The error of a client that needs the admin token and has no valid one.
Problem not_signed_in(AdminGate::Verdict verdict);

/// The error of an upload that is not admitted; `reason` is `overloaded` or `client_limit`.
Problem upload_not_admitted(Reason reason);

/// The error of a client that wants one event stream too many.
Problem too_many_streams();

/// The error of a fault in the server itself.
Problem internal_error();

}  // namespace samoyed::web
