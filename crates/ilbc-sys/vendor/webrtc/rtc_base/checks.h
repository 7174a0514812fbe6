/* Stands in for rtc_base/checks.h of WebRTC. What is checked is done and its result left alone:
   a frame that fails is a click in one call, an abort would end all of them. */
#ifndef RTC_BASE_CHECKS_H_
#define RTC_BASE_CHECKS_H_
#define RTC_CHECK(condition) ((void)!(condition))
#define RTC_CHECK_EQ(a, b) ((void)((a) == (b)))
#define RTC_DCHECK(condition) ((void)0)
#define RTC_DCHECK_EQ(a, b) ((void)0)
#define RTC_DCHECK_NE(a, b) ((void)0)
#define RTC_DCHECK_LE(a, b) ((void)0)
#define RTC_DCHECK_LT(a, b) ((void)0)
#define RTC_DCHECK_GE(a, b) ((void)0)
#define RTC_DCHECK_GT(a, b) ((void)0)
#define RTC_DCHECK_NOTREACHED() ((void)0)
#define RTC_NOTREACHED() ((void)0)
#endif
