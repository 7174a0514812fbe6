/* Stands in for absl/base/attributes.h. */
#ifndef ABSL_BASE_ATTRIBUTES_H_
#define ABSL_BASE_ATTRIBUTES_H_
#define ABSL_MUST_USE_RESULT __attribute__((warn_unused_result))
#endif
