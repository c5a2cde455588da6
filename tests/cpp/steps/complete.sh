# Nothing of steadywire.h is missing in steadywire.hpp: no function, no constant.
grep -o '\bsteadywire_[a-z_]*(' "$stage/include/steadywire.h" | tr -d '(' | sort -u >declared
# Names in the comments of steadywire.h that end with a star or are only part of a name.
nm -D --defined-only "$stage/lib/libsteadywire.so" | sed -n 's/^.* T //p' | sort -u >exported
grep -oh '\bsteadywire_[a-z_]*\b' "$stage"/include/steadywire/*.hpp | sort -u >used
missing=$(comm -23 exported used)
[ -z "$missing" ] || fail "steadywire.hpp does not use: $missing"
grep -o '^#define STEADYWIRE_[A-Z_]*' "$stage/include/steadywire.h" | sed 's/#define //' | sort -u |
    grep -vx -e STEADYWIRE_H -e STEADYWIRE_NUL >constants
grep -oh '\bSTEADYWIRE_[A-Z_]*\b' "$stage"/include/steadywire/*.hpp | sort -u >used
missing=$(comm -23 constants used)
[ -z "$missing" ] || fail "steadywire.hpp does not have: $missing"
