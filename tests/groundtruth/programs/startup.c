/* startup.c - nothing but what exec, the C library and exit take. */
int main(void)
{
	return 0;
}
