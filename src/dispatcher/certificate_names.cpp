#include "dispatcher/certificate_names.hpp"

#include <algorithm>

namespace samoyed::dispatcher {

std::vector<std::string> certificate_names(const protocol::Address& address,
                                           std::string_view discovered_by) {
  // A zone has a meaning only on this machine.
  std::vector<std::string> names{address.host.substr(0, address.host.find('%'))};
  std::string_view name = discovered_by.substr(0, discovered_by.rfind(':'));
  while (name.starts_with('_')) name.remove_prefix(std::min(name.find('.'), name.size() - 1) + 1);
  if (name.ends_with('.')) name.remove_suffix(1);
  if (!name.empty()) names.emplace_back(name);
  return names;
}

}  // namespace samoyed::dispatcher
