# Nothing of steadywire.h is missing in steadywire.hpp: no function, no constant.
nm -D --defined-only "$stage/lib/libsteadywire.so" | sed -n 's/^.* T //p' | sort -u >exported
grep -oh '\bsteadywire_[a-z0-9_]*\b' "$stage"/include/steadywire/*.hpp | sort -u >used
missing=$(comm -23 exported used)
[ -z "$missing" ] || fail "steadywire.hpp does not use: $missing"
grep -o '^#define STEADYWIRE_[A-Z0-9_]*' "$stage/include/steadywire.h" | sed 's/#define //' | sort -u |
    grep -vx -e STEADYWIRE_H -e STEADYWIRE_NUL >constants
grep -oh '\bSTEADYWIRE_[A-Z0-9_]*\b' "$stage"/include/steadywire/*.hpp | sort -u >used
missing=$(comm -23 constants used)
[ -z "$missing" ] || fail "steadywire.hpp does not have: $missing"
