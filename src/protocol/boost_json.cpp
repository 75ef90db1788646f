// The part of Boost.JSON that isn't in its headers, so that its library need not be installed.

#include <boost/json/src.hpp>
